/** `isoline attest enrol`, with real TPMs whose maker is swtpm's own authority: four steps, at once, and every wrong answer. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  readActivation,
  readAnswer,
  readNode,
  readRequest,
  writeActivation,
  writeAnswer,
  writeNode,
  writeRequest,
} from "../../packages/attest/src/enrol/index.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isInstalled } from "../support/machine.ts";
import { needsSwtpm, SoftwareTpm } from "./swtpm.ts";

describe.skipIf(needsSwtpm || !isInstalled("swtpm_setup") || !isBuilt)("enrolment (needs swtpm and a build)", () => {
  const [tpm, other] = [new SoftwareTpm(), new SoftwareTpm()];
  const place = mkdtempSync(join(tmpdir(), "isoline-enrol-"));
  const trust = join(place, "trust");
  const file = (name: string) => join(place, name);
  const enrol = async (...words: readonly string[]) => {
    const { status, stdout, stderr } = await isoline(["attest", "enrol", ...words], { cwd: place });
    return { status, said: stdout + stderr };
  };
  const trusts = (directory: string, maker: SoftwareTpm) => {
    mkdirSync(join(directory, "makers"), { recursive: true, mode: 0o755 });
    writeFileSync(join(directory, "makers/root.pem"), maker.authority().root);
    writeFileSync(join(directory, "makers/between.pem"), maker.authority().issuer);
    return directory;
  };
  const member = (name: string, key: string) =>
    (JSON.parse(readFileSync(file(name), "utf8")) as Record<string, string>)[key] as string;
  const change = (from: string, to: string, members: Readonly<Record<string, unknown>>) => {
    const text = JSON.parse(readFileSync(file(from), "utf8")) as Record<string, unknown>;
    writeFileSync(file(to), JSON.stringify({ ...text, ...members }));
  };

  beforeAll(async () => {
    for (const each of [tpm, other]) {
      each.certify();
      await each.start();
    }
    trusts(trust, tpm);
  });
  afterAll(async () => {
    for (const each of [tpm, other]) await each.close();
    rmSync(place, { recursive: true, force: true });
  });

  it("in four steps with files enrols a node", async () => {
    expect(await enrol("--tpm", tpm.address, "-o", "node.json")).toMatchObject({ status: 0 });
    const challenged = await enrol("--challenge", "node.json", "--trust", "trust", "-o", "challenge.json");
    expect(challenged).toMatchObject({ status: 0, said: expect.stringContaining("its maker is trusted") as string });
    expect(statSync(join(trust, "pending", readdirSync(join(trust, "pending"))[0] as string)).mode & 0o777).toBe(0o600);
    expect(await enrol("--answer", "challenge.json", "--tpm", tpm.address, "-o", "answer.json")).toMatchObject({
      status: 0,
    });
    const { status, said } = await enrol("--accept", "answer.json", "--trust", "trust", "--name", "web-1");
    expect({ status, said }).toMatchObject({ status: 0, said: expect.stringContaining("web-1: enrolled") as string });
    const node = readNode(readFileSync(join(trust, "nodes/web-1.json")));
    expect(said).toContain(node.id);
    expect(readdirSync(join(trust, "pending"))).toEqual([]);
    // The answer was good for one enrolment.
    expect(await enrol("--accept", "answer.json", "--trust", "trust", "--name", "web-1")).toMatchObject({
      status: 1,
      said: expect.stringContaining("no challenge waits") as string,
    });
  });

  it("at once gives the same node, under one name only", async () => {
    const again = await enrol("--tpm", tpm.address, "--trust", "trust", "--name", "web-2");
    expect(again).toMatchObject({ status: 1, said: expect.stringContaining("enrolled as web-1 already") as string });
    const own = trusts(file("own"), tpm);
    const { status, said } = await enrol("--tpm", tpm.address, "--trust", own, "--name", "a", "--json");
    expect({ status, id: (JSON.parse(said) as { id: string }).id }).toEqual({
      status: 0,
      id: readNode(readFileSync(join(trust, "nodes/web-1.json"))).id,
    });
  });

  it("refuses a TPM of a maker that is not trusted, and says whose it is", async () => {
    expect(await enrol("--tpm", other.address, "--trust", "trust", "--name", "stranger")).toMatchObject({
      status: 1,
      said: expect.stringMatching(/which is not trusted; add the maker's root/) as string,
    });
    mkdirSync(file("empty"));
    expect(await enrol("--tpm", tpm.address, "--trust", "empty", "--name", "a")).toMatchObject({
      status: 1,
      said: expect.stringContaining("empty/makers: expected the root certificate") as string,
    });
    mkdirSync(file("empty/makers"));
    writeFileSync(file("empty/makers/swtpm.pem"), "");
    expect(await enrol("--tpm", tpm.address, "--trust", "empty", "--name", "a")).toMatchObject({
      status: 1,
      said: expect.stringContaining(
        "empty/makers/swtpm.pem: expected certificates in PEM, or one in DER, got an empty file",
      ) as string,
    });
  });

  it("refuses the answer of another TPM, of another key, and a guess; each ends the challenge", async () => {
    expect(await enrol("--answer", "challenge.json", "--tpm", other.address)).toMatchObject({
      status: 1,
      said: expect.stringContaining("TPM2_ActivateCredential") as string,
    });
    const both = trusts(file("both"), tpm);
    writeFileSync(join(both, "makers/other.pem"), other.authority().root + other.authority().issuer);
    await enrol("--challenge", "node.json", "--trust", "both", "-o", "challenge.json");
    change("answer.json", "guess.json", { secret: Buffer.alloc(32, 7).toString("base64") });
    expect(await enrol("--accept", "guess.json", "--trust", "both", "--name", "a")).toMatchObject({
      status: 1,
      said: expect.stringContaining("expected the secret that the TPM of node") as string,
    });
    await enrol("--answer", "challenge.json", "--tpm", tpm.address, "-o", "answer.json");
    expect(await enrol("--accept", "answer.json", "--trust", "both", "--name", "a")).toMatchObject({
      status: 1,
      said: expect.stringContaining("no challenge waits") as string,
    });
    // Another's attestation key beside these endorsement keys: their TPM does not hold it, and opens nothing for it.
    await enrol("--tpm", other.address, "-o", "other.json");
    change("node.json", "mixed.json", { attestationKey: member("other.json", "attestationKey") });
    await enrol("--challenge", "mixed.json", "--trust", "both", "-o", "mixed-challenge.json");
    for (const each of [tpm, other])
      expect(await enrol("--answer", "mixed-challenge.json", "--tpm", each.address)).toMatchObject({
        status: 1,
        said: expect.stringContaining("TPM2_ActivateCredential") as string,
      });
  });

  it("refuses keys of other attributes, certificates of other keys, and a certificate that is for something else", async () => {
    const area = (name: string) => Buffer.from(member(name, "attestationKey"), "base64");
    const lax = area("node.json");
    // TPMA_OBJECT stands behind the type and the name algorithm; bit 16, restricted, is in its second byte.
    lax[5] = (lax[5] as number) & ~1;
    change("node.json", "lax.json", { attestationKey: lax.toString("base64") });
    expect(await enrol("--challenge", "lax.json", "--trust", "trust")).toMatchObject({
      status: 1,
      said: expect.stringMatching(/expected an attestation key of the published template/) as string,
    });
    const listed = (name: string) =>
      member(name, "endorsements") as unknown as { certificate: string; public: string }[];
    const [own, theirs] = [listed("node.json")[0], listed("other.json")[0]];
    change("node.json", "swapped.json", { endorsements: [{ ...theirs, certificate: own?.certificate }] });
    expect(await enrol("--challenge", "swapped.json", "--trust", "trust")).toMatchObject({
      status: 1,
      said: expect.stringContaining("its certificate is for another key") as string,
    });
    const ca = Buffer.from(tpm.authority().issuer.replace(/-----[^-]+-----|\s/g, ""), "base64").toString("base64");
    change("node.json", "ca.json", { endorsements: [{ ...own, certificate: ca }] });
    expect(await enrol("--challenge", "ca.json", "--trust", "trust")).toMatchObject({
      status: 1,
      said: expect.stringMatching(/not for an endorsement key/) as string,
    });
  });

  it("trusts no directory that another user can write", async () => {
    const open = trusts(file("open"), tpm);
    for (const path of [open, join(open, "makers"), join(open, "makers/root.pem")]) {
      chmodSync(path, 0o777);
      expect(await enrol("--tpm", tpm.address, "--trust", "open", "--name", "a")).toMatchObject({
        status: 1,
        said: expect.stringMatching(/that only its owner can write/) as string,
      });
      chmodSync(path, path.endsWith(".pem") ? 0o644 : 0o755);
    }
    expect(await enrol("--tpm", tpm.address, "--trust", "open", "--name", "a")).toMatchObject({ status: 0 });
    // A user who can write above it could put another one in its place.
    mkdirSync(file("above"));
    trusts(file("above/trust"), tpm);
    chmodSync(file("above"), 0o777);
    expect(await enrol("--tpm", tpm.address, "--trust", "above/trust", "--name", "a")).toMatchObject({
      status: 1,
      said: expect.stringMatching(/above: another user can put something else in the place of/) as string,
    });
  });

  it("says what is missing on the command line", async () => {
    const missing = [
      [["--challenge", "node.json"], "expected --trust DIR"],
      [["--accept", "answer.json", "--trust", "trust"], "expected --name NAME"],
      [["--accept", "answer.json", "--trust", "trust", "--name", "../a"], "expected a name of letters"],
      [["--challenge", "node.json", "--accept", "answer.json"], "each is a step of its own"],
    ] as const;
    for (const [words, says] of missing)
      expect(await enrol(...words)).toMatchObject({ status: 2, said: expect.stringContaining(says) as string });
  });

  it("reads no damaged document: each truncation is one refusal, each flipped bit one or another whole document", async () => {
    await enrol("--answer", "challenge.json", "--tpm", tpm.address, "-o", "answer.json");
    const readers = [
      ["node.json", (bytes: Buffer) => writeRequest(readRequest(bytes))],
      ["challenge.json", (bytes: Buffer) => writeActivation(readActivation(bytes))],
      ["answer.json", (bytes: Buffer) => writeAnswer(readAnswer(bytes))],
      ["trust/nodes/web-1.json", (bytes: Buffer) => writeNode(readNode(bytes))],
    ] as const;
    for (const [name, again] of readers) {
      const bytes = readFileSync(file(name));
      expect(again(bytes)).toBe(bytes.toString());
      const codes = new Set<string>();
      const tries = (damaged: Buffer) => {
        try {
          const written = again(damaged);
          return again(Buffer.from(written)) === written ? "whole" : "other than it was read";
        } catch (fault) {
          codes.add((fault as { code?: string }).code ?? String(fault));
          return "refused";
        }
      };
      for (let length = 0; length < bytes.length - 1; length += 7)
        expect(tries(bytes.subarray(0, length))).toBe("refused");
      const became = new Set<string>();
      for (let at = 0; at < bytes.length; at += 3) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] as number) ^ (1 << (at % 7));
        became.add(tries(damaged));
      }
      expect([...became].sort()).toEqual(["refused", "whole"]);
      expect([...codes].filter((code) => code !== "bad-enrolment" && code !== "bad-tpm-structure")).toEqual([]);
    }
  });
});
