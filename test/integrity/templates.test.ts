/** A kernel's list with an entry of each template, and the same entries put together here. */
import { describe, expect, it } from "vitest";
import { algorithmByName, type HashAlgorithm } from "../../packages/isoline/src/integrity/hash-algorithms.ts";
import { readAsciiList, writeAsciiList } from "../../packages/isoline/src/integrity/list/ascii.ts";
import { readBinaryList } from "../../packages/isoline/src/integrity/list/read-binary.ts";
import { verifyList } from "../../packages/isoline/src/integrity/list/verify.ts";
import { writeBinaryList } from "../../packages/isoline/src/integrity/list/write-binary.ts";
import { templateData } from "../../packages/isoline/src/integrity/measure/template-data.ts";
import { contentDigest, fixture } from "./fixtures.ts";

const list = readBinaryList(fixture("templates.list"));
const templates = ["ima-ngv2", "ima-sigv2", "ima-modsig", "evm-sig", "ima-ng", "ima-sig", "ima"];

describe("templates, as a kernel writes them", () => {
  it("verify, and are written back byte for byte in both forms", () => {
    expect(list.entries.slice(1).map(({ template }) => template)).toEqual(templates);
    expect(verifyList(list)).toMatchObject({ problems: [], opaque: 0 });
    expect(writeBinaryList(list.entries, "sha1").equals(fixture("templates.list"))).toBe(true);
    expect(writeAsciiList(list.entries, "sha1").equals(fixture("templates.ascii"))).toBe(true);
    expect(
      writeBinaryList(readAsciiList(fixture("templates.ascii")).entries, "sha1").equals(fixture("templates.list")),
    ).toBe(true);
  });

  it.each(templates.map((template, at) => [template, at] as const))(
    "%s: put together here, it is equal",
    (template, at) => {
      // Every second program, "/tmp/TEMPLATE program", had this attribute.
      const attribute = Buffer.from("030204010203040004aabbccdd", "hex");
      const signature = at % 2 === 1 ? attribute : undefined;
      const attributes = signature === undefined ? [] : [{ name: "security.ima", value: signature }];
      const data = templateData(template, {
        name: Buffer.from(`/tmp/${template} program`),
        kind: "ima",
        algorithm: algorithmByName("sha256") as HashAlgorithm,
        digest: contentDigest,
        sha1: () => Buffer.from("9591c870fc6b0cbe514c9a7dcb461e2a7f3a44d9", "hex"),
        signature,
        uid: 700 + at,
        gid: 800 + at,
        mode: 0o100755,
        evm: () => ({ signature: undefined, attributes }),
      });
      expect(data.toString("hex")).toBe(list.entries[at + 1]?.data.toString("hex"));
    },
  );
});
