/** A verifier's own files: what they mean, where they are wrong, and whose signature they need; and results as tokens. */
import { generateKeyPairSync, sign, webcrypto } from "node:crypto";
import { preAuthenticated } from "@isoline/core/verify";
import { describe, expect, it } from "vitest";
import {
  type Appraisal,
  isBehind,
  POLICY_TYPE,
  readAccepted,
  readPolicy,
  readReferences,
  signEar,
  verifyEar,
  writeAccepted,
} from "../../packages/attest/src/appraise/index.ts";
import { tpmPlan } from "../../packages/isoline/src/register/options.ts";
import { digest } from "./samples.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const policy = (change: object) =>
  bytes(JSON.stringify({ policy: 1, name: "p", version: 1, canisters: [], ...change }));

describe("a policy", () => {
  it("is strict where it says nothing", async () => {
    const { root, registers, ledger, losses, canisters } = await readPolicy(
      policy({ canisters: [{ label: "*" }] }),
      [],
    );
    expect({ root, ledger, losses, registers: registers.length }).toEqual({
      root: "tpm",
      ledger: "required",
      losses: "refuse",
      registers: 16,
    });
    expect(canisters).toEqual([
      {
        label: "*",
        modes: ["enforcing"],
        sensors: ["seccomp", "bpf"],
        register: "required",
        signedContour: false,
        contours: undefined,
        bound: "if-there",
        departures: 0,
        losses: "refuse",
      },
    ]);
  });

  it.each([
    ['{\n  "policy": 1,\n  "nmae": "x"\n}', "line 3, column 3: expected one of policy, name"],
    ['{"policy": 0, "name": "p", "version": 1, "canisters": []}', "line 1, column 12: expected 1, the version"],
    ['{"policy": 1,\n"name": "p", "version": -1, "canisters": []}', "line 2, column 25: expected a whole number"],
    ['{"policy": 1, "name": "p", "version": 1}', '"canisters", line 1, column 1: expected a list, got nothing'],
    [
      '{"policy": 1, "name": "p", "version": 1,\n "canisters": [{"label": 7}]}',
      "line 2, column 26: expected a label, got 7",
    ],
    ['{"policy": 1, "policy": 1}', "line 1, column 15: Map keys must be unique"],
    [
      '{"policy": 1, "registers": [1, 0], "name": "p", "version": 1, "canisters": []}',
      "expected numbers of registers, ascending",
    ],
    ["{", "line 1, column 2"],
    ['{"policy": &a 1, "name": *a}', "expected a value without aliases"],
    ["", "expected a map, got nothing"],
    ['"policy": 1\n---\n"policy": 2\n', "line 2, column 1: expected one document, got another behind it"],
    ['{"policy": 1, "1": 1, 1: 2}', "line 1, column 23: Map keys must be unique"],
  ])("%j is refused, with the place", async (text, why) => {
    await expect(readPolicy(bytes(text), [])).rejects.toThrow(why);
    await expect(readPolicy(bytes(text), [])).rejects.toMatchObject({ code: "bad-policy-file" });
  });

  it.each([
    ["[1,,,]", "line 1, column 4: Unexpected , in flow sequence"],
    ["[1]]]", "line 1, column 4: Unexpected flow-seq-end token"],
    [`[${",".repeat(2 ** 20)}`, "line 1, column 100000: expected at most 100000 words and signs, got more"],
    ["\n".repeat(2 ** 20), "expected at most 100000 words and signs, got more"],
  ])("is refused at its first fault, or where it has too many words and signs", async (text, why) => {
    await expect(readPolicy(bytes(text), [])).rejects.toThrow(why);
  });

  it("has as many contours in four rules as four rules may have", async () => {
    const contours = Array.from({ length: 4096 }, (_, at) => `sha256:${at.toString(16).padStart(64, "0")}`);
    const canisters = ["a", "b", "c", "d"].map((label) => ({ label, contours }));
    const text = JSON.stringify({ policy: 1, name: "p", version: 1, canisters }, null, 2);
    expect((await readPolicy(bytes(text), [])).canisters.map((rule) => rule.contours?.size)).toEqual(
      canisters.map(() => 4096),
    );
  });

  it.each([
    ["maps", '{"a":'],
    ["lists", "["],
    ["lists without brackets", "- "],
    ["keys of maps", "? "],
  ])("with %s in one another, as deep as a short file can be, is refused, and ends no process", async (_, level) => {
    const deep = bytes(level.repeat(6_000));
    await expect(readPolicy(deep, [])).rejects.toMatchObject({ code: "bad-policy-file" });
    await expect(readPolicy(deep, [])).rejects.toThrow(
      /line 1, column \d+: expected at most 96 levels of nesting, got more/,
    );
  });

  it.each([
    ['{"label": "begun:100*"}', "line 1, column 66: expected begun:*, begun:UID:NAME or begun:*:NAME"],
    ['{"label": "begun:01:web"}', "expected begun:*, begun:UID:NAME or begun:*:NAME"],
    ['{"label": "web", "contours": []}', "expected at least one contour"],
    ['{"label": "web", "contours": ["sha256:AB"]}', "expected the name of a contour, or sha256: and 64 hex"],
  ])("with the rule %s is refused, with the place", async (rule, why) => {
    const text = `{"policy": 1, "name": "p", "version": 1, "canisters": [${rule}]}`;
    await expect(readPolicy(bytes(text), [])).rejects.toThrow(why);
  });

  it.each([0, 7, 8, 9, 10, 16])(
    "does not have births in register %i, which the boot, the kernel or programs have",
    async (births) => {
      await expect(readPolicy(policy({ births }), [])).rejects.toThrow(
        "expected one of the registers 11, 12, 13, 14, 15",
      );
    },
  );

  it.each([11, 12, 13, 14, 15])("has births in register %i, where a node may record them", async (births) => {
    expect((await readPolicy(policy({ births }), [])).births).toBe(births);
    expect(tpmPlan({ address: "/dev/tpmrm0", ledger: "/ledger", pcr: births }).pcr).toBe(births);
  });

  it.each([0, 7, 8, 9, 10, 16])("a node does not record births in register %i either", (pcr) => {
    expect(() => tpmPlan({ address: "/dev/tpmrm0", ledger: "/ledger", pcr })).toThrow(
      `expected one of the PCRs 11, 12, 13, 14, 15 for births, got ${pcr}`,
    );
  });

  it("names at most 4096 contours in a rule", async () => {
    const naming = (most: number) =>
      readPolicy(
        policy({ canisters: [{ label: "web", contours: Array.from({ length: most }, (_, at) => `c${at}`) }] }),
        [],
      );
    expect((await naming(4096)).canisters[0]?.contours?.size).toBe(4096);
    await expect(naming(4097)).rejects.toThrow(
      /line 1, column \d+: expected at most 4096 contours for one rule, got \[/,
    );
  });

  it("that is cut anywhere is refused as what it is", async () => {
    const whole = policy({ canisters: [{ label: "*", departures: 3 }], mitigations: { a: ["b"] } });
    const codes = new Set<unknown>();
    for (let length = 0; length < whole.length; length++)
      codes.add(
        await readPolicy(whole.subarray(0, length), []).then(
          () => "read",
          ({ code }: { code: string }) => code,
        ),
      );
    expect([...codes]).toEqual(["bad-policy-file"]);
  });

  const signer = generateKeyPairSync("ed25519");
  const stranger = generateKeyPairSync("ed25519");
  const keys = [{ name: "ops", pem: String(signer.publicKey.export({ type: "spki", format: "pem" })) }];
  const enveloped = (by: typeof signer, payloadType = POLICY_TYPE, payload = policy({})) => {
    const sig = sign(null, preAuthenticated(payloadType, payload), by.privateKey).toString("base64");
    return bytes(
      JSON.stringify({ payloadType, payload: Buffer.from(payload).toString("base64"), signatures: [{ sig }] }),
    );
  };

  it("must be signed where signers are trusted", async () => {
    await expect(readPolicy(enveloped(signer), keys)).resolves.toMatchObject({ name: "p" });
    await expect(readPolicy(enveloped(stranger), [])).resolves.toMatchObject({ name: "p" });
    for (const [wrong, got] of [
      [policy({}), "a file without one"],
      [enveloped(stranger), "one by another key"],
      [enveloped(signer, "application/json"), "application/json"],
    ] as const)
      await expect(readPolicy(wrong, keys)).rejects.toThrow(got);
    await expect(readReferences(enveloped(signer), keys)).rejects.toThrow("an envelope of type");
  });
});

describe("reference values", () => {
  it.each([
    ['{"references": 1, "boots": [{"name": "b", "registers": {"24": "00"}}]}', "values by the number of a register"],
    ['{"references": 1, "boots": [{"name": "b", "registers": {}}]}', "at least one register"],
    ['{"references": 1, "contours": [{"name": "c", "contour": "0"}]}', "64 hexadecimal digits"],
    ['{"references": 1, "contours": {}}', "expected a list"],
  ])("%s is refused", async (text, why) => {
    await expect(readReferences(bytes(text), [])).rejects.toThrow(why);
  });
});

describe("what was accepted", () => {
  it("is read as it was written, long numbers too", () => {
    const accepted = {
      clock: { clock: 2n ** 60n, resetCount: 3, restartCount: 1 },
      policy: { name: "p", version: 1 },
      ledger: { bytes: 10, digest: "00" },
      canisters: [],
    };
    expect(readAccepted(writeAccepted(accepted))).toEqual(accepted);
    for (const wrong of ["", "{}", "[]", "null", writeAccepted(accepted).replace('"clock":"', '"clock":"-')])
      expect(() => readAccepted(wrong)).toThrow("what was accepted last cannot be read");
  });
});

describe("a clock that was accepted", () => {
  const at = (clock: bigint, resetCount = 3, restartCount = 1) => ({
    clock: { clock, resetCount, restartCount },
    policy: { name: "p", version: 1 },
    canisters: [],
  });

  it.each([
    [at(9n), true],
    [at(10n), false],
    [at(11n), false],
    [at(11n, 3, 0), true],
    [at(99n, 2, 9), true],
    [at(0n, 4, 0), false],
    [{ ...at(0n), clock: undefined }, false],
  ])("%# is behind another, or not", (now, is) => {
    expect(isBehind(now, at(10n))).toBe(is);
    expect(isBehind(now, { ...at(10n), clock: undefined })).toBe(false);
  });
});

describe("a result as a token", () => {
  const now = new Date(1_790_000_000_000);
  const appraisal: Appraisal = {
    status: "contraindicated",
    root: "tpm",
    node: "n",
    platform: { status: "affirming", checks: [{ name: "quote", outcome: "passed" }] },
    canisters: [
      {
        label: "web",
        root: "tpm",
        status: "contraindicated",
        checks: [{ name: "trust", outcome: "failed", failure: "off-contour", why: "expected no departure, got 1" }],
      },
    ],
    endings: [],
    challenge: digest(7),
    evidenceDigest: "ab".repeat(32),
    policy: { name: "p", version: 1, digest: "cd".repeat(32), validity: 60 },
    accepted: undefined,
  };

  it("names every failed check of thousands of canisters, and tells reasons up to a bound", async () => {
    const { privateKey, publicKey } = (await webcrypto.subtle.generateKey({ name: "Ed25519" }, false, [
      "sign",
      "verify",
    ])) as webcrypto.CryptoKeyPair;
    const why = "\u{1f512}".repeat(3000);
    const canisters = Array.from({ length: 1000 }, (_, at) => ({
      ...{ label: `web-${at}`, root: "tpm", status: "contraindicated" },
      checks: [{ name: "trust", outcome: "failed", failure: "off-contour", why }],
    })) as Appraisal["canisters"];
    const order = { key: privateKey, algorithm: "EdDSA", now, build: "0.1.0" } as const;
    const claims = await verifyEar(await signEar({ ...appraisal, canisters }, order), publicKey, now);
    const submods = Object.values(claims["submods"] as Record<string, { "isoline.failures"?: { why?: string }[] }>);
    const failures = submods.flatMap((one) => one["isoline.failures"] ?? []);
    const told = failures.map((one) => one.why).filter((one) => one !== undefined);
    expect(failures).toHaveLength(1000);
    expect(told.length + (claims["isoline.reasons-left-out"] as number)).toBe(1000);
    expect(told.join("").length).toBeLessThanOrEqual(2 ** 16);
    expect(told).toContain(`${"\u{1f512}".repeat(999)}…`);
  });

  it("says challenge, evidence and policy, and why, and expires", async () => {
    const { privateKey, publicKey } = (await webcrypto.subtle.generateKey({ name: "Ed25519" }, false, [
      "sign",
      "verify",
    ])) as webcrypto.CryptoKeyPair;
    const ear = await signEar(appraisal, { key: privateKey, algorithm: "EdDSA", now, build: "0.1.0" });
    expect(await verifyEar(ear, publicKey, now)).toMatchObject({
      eat_nonce: Buffer.from(digest(7)).toString("base64url"),
      "isoline.evidence": `sha256:${"ab".repeat(32)}`,
      exp: now.getTime() / 1000 + 60,
      submods: {
        node: { "ear.status": "affirming", "ear.trustworthiness-vector": { hardware: 2 } },
        "canister/web": {
          "ear.status": "contraindicated",
          "ear.trustworthiness-vector": { "runtime-opaque": 96 },
          "isoline.failures": [{ check: "trust", failure: "off-contour", why: "expected no departure, got 1" }],
        },
      },
    });
    await expect(verifyEar(ear, publicKey, new Date(now.getTime() + 120_000))).rejects.toThrow("exp");
    const other = (await webcrypto.subtle.generateKey({ name: "Ed25519" }, false, [
      "sign",
      "verify",
    ])) as webcrypto.CryptoKeyPair;
    await expect(verifyEar(ear, other.publicKey, now)).rejects.toThrow("signature");
  });
});
