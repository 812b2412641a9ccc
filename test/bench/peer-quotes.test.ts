/** The quote that Keylime is given has the form that its agents send: that of tpm2-tools. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { quoteText, registerFile } from "../../bench/fleet-peer/quote-form.mjs";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";

const registers = [0, 1, 2, 3, 4, 5, 6, 7, 10, 16];
const attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign";

describe.skipIf(needsSwtpm)("a quote for Keylime (needs swtpm, tpm2-tools)", () => {
  let software: SoftwareTpm;
  const file = (name: string) => readFileSync(join(software.place, name));

  beforeAll(async () => {
    software = new SoftwareTpm();
    await software.start();
    software.tool("tpm2_pcrextend", `10:sha256=${"ab".repeat(32)}`);
    software.tool("tpm2_createprimary", "-C", "e", "-G", "ecc256:ecdsa-sha256:null", "-a", attributes, "-c", "key");
    const out = ["-m", "message", "-s", "signature", "-o", "registers"];
    software.tool("tpm2_quote", "-c", "key", "-l", `sha256:${registers.join()}`, "-q", "00", ...out);
  });
  afterAll(() => software.close());

  it("has the register values byte by byte as tpm2_quote writes them", () => {
    software.tool("tpm2_pcrread", `sha256:${registers.join()}`, "-o", "values");
    const values = registers.map((_, at) => file("values").subarray(at * 32, at * 32 + 32));
    expect(registerFile(registers, values).toString("hex")).toBe(file("registers").toString("hex"));
  });

  it("has message, signature and values in base64, in this order", () => {
    const parts = ["message", "signature", "registers"].map(file);
    const text = quoteText(...(parts as [Buffer, Buffer, Buffer]));
    expect(text[0]).toBe("r");
    expect(text.slice(1).split(":")).toEqual(parts.map((part) => part.toString("base64")));
  });
});
