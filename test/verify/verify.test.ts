/** Contours verified without Node: the same verdicts as isoline's own, in this process and in a browser. */
import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseContour, writeContour } from "@isoline/core/contour";
import { type Digest, sha256 } from "@isoline/core/digest";
import { preAuthenticated, STATEMENT, writeStatement } from "@isoline/core/verify";
import { verifyContour } from "@isoline/core/verify";
import { describe, expect, it } from "vitest";
import { connects, executes, learnt, node, npm, opens, sh } from "../engine/workload.ts";
import { bundled, hasBrowser, onPage } from "../support/browser.ts";

const entry = fileURLToPath(new URL("../../packages/core/src/verify/index.ts", import.meta.url));
const small = readFileSync(new URL("../../packages/core/src/contour/fixtures/small.contour", import.meta.url), "utf8");

const contour = learnt(
  executes(npm, "/usr/bin/sh"),
  opens(sh, "/etc/hosts"),
  opens(node, "/a\\x20b/ü"),
  connects(node, "203.0.113.7"),
);
const text = [...writeContour(contour)].join("");

const keys = {
  ed25519: generateKeyPairSync("ed25519"),
  p256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  stranger: generateKeyPairSync("ed25519"),
};
type KeyName = keyof typeof keys;
const pem = (name: KeyName) => ({ name, pem: String(keys[name].publicKey.export({ type: "spki", format: "pem" })) });

function signature(name: KeyName, signed: string, images: readonly string[] = []): string {
  const payload = writeStatement("a.contour", { digest: sha256(Buffer.from(signed)), images });
  const sig = sign(name === "p256" ? "sha256" : null, preAuthenticated(STATEMENT, payload), keys[name].privateKey);
  const signatures = [{ sig: sig.toString("base64") }];
  return JSON.stringify({ payloadType: STATEMENT, payload: Buffer.from(payload).toString("base64"), signatures });
}

describe("a contour, verified without Node", () => {
  it.each([
    ["of four points", text],
    ["of the fixtures", small],
  ])("%s is what the whole reader says that it is", async (_, file) => {
    const whole = parseContour(Buffer.from(file));
    expect(await verifyContour(file)).toEqual({
      profile: whole.profile.name,
      policy: whole.policyDigest,
      points: whole.size,
      state: whole.state(),
      measurement: whole.measurement(),
      digest: sha256(Buffer.from(file)),
      signed: undefined,
    });
  });

  it.each([
    ["a line of no kind", text.replace("\nby ", "\nfor ")],
    ["a line after the last", `${text}\n`],
    ["its end cut off", text.slice(0, -80)],
    ["no last line", text.replace(/end\n$/, "")],
    ["a point cut short", text.replace(/[0-9a-f]\n/, "\n")],
    ["two profiles", text.replace("profile iso1", "profile iso1\nprofile quixote")],
    ["no profile", text.replace("profile iso1\n", "")],
    ["a base that is no digest", text.replace("profile iso1\n", "profile iso1\nbase 0\n")],
    ["a policy without a key", text.replace("profile iso1\n", "profile iso1\npolicy\n")],
    ["a conflict that git left", text.replace("profile iso1\n", "<<<<<<< HEAD\nprofile iso1\n=======\n>>>>>>> work\n")],
    ["bytes that are not UTF-8", Buffer.from(text.replace("ü", "\u00fc"), "latin1")],
    ["nothing in it", ""],
    ["something else in it", "isoline contour 2\n"],
    ["a format of before", "isoline contour 1\n"],
  ] as const)("with %s is refused", async (_, file) => {
    await expect(verifyContour(file)).rejects.toMatchObject({ name: "IsolineError", code: "bad-contour" });
  });

  it.each(["ed25519", "p256"] as const)("signed by a trusted key (%s) names that key and its images", async (name) => {
    const image = `sha256:${"a".repeat(64)}`;
    const signedBy = { signature: signature(name, text, [image]), keys: [pem("stranger"), pem(name)] };
    expect((await verifyContour(text, signedBy)).signed).toEqual({ key: name, images: [image] });
  });

  it.each([
    ["by another key", signature("stranger", text), "ed25519"],
    ["for another contour", signature("ed25519", small), "ed25519"],
    ["that was altered", signature("ed25519", text).replace('"sig":"', '"sig":"AAAA'), "ed25519"],
    ["in another form", "{}", "ed25519"],
    ["of another kind of key", signature("p256", text), "ed25519"],
  ] as const)("with a signature %s is unsigned", async (_, made, trusted) => {
    await expect(verifyContour(text, { signature: made, keys: [pem(trusted)] })).rejects.toMatchObject({
      code: "unsigned",
    });
  });

  it("a key that is not a key is refused", async () => {
    const signedBy = { signature: signature("ed25519", text), keys: [{ name: "key.pem", pem: "no key" }] };
    await expect(verifyContour(text, signedBy)).rejects.toMatchObject({ code: "bad-signing-key" });
  });

  it("reaches for nothing of Node's", async () => {
    expect(await bundle()).not.toMatch(/\bnode:|\bBuffer\b|\bprocess\b|\brequire\(|\bimport\b/);
  });

  it.skipIf(!hasBrowser)("says the same in a browser (needs chromium)", async () => {
    const cases = {
      whole: [text],
      changed: [text.replace("end\n", "")],
      ed25519: [text, { signature: signature("ed25519", text), keys: [pem("ed25519")] }],
      p256: [text, { signature: signature("p256", text), keys: [pem("p256")] }],
      stranger: [text, { signature: signature("stranger", text), keys: [pem("ed25519")] }],
    };
    const told = await inBrowser(cases);
    const digest: Digest = sha256(Buffer.from(text));
    expect(told).toEqual({
      whole: { points: 4, digest },
      changed: { refused: "bad-contour" },
      ed25519: { points: 4, digest, key: "ed25519" },
      p256: { points: 4, digest, key: "p256" },
      stranger: { refused: "unsigned" },
    });
  });
});

const bundle = () => bundled({ input: entry });

/** What each call of `verifyContour` comes to on a page of its own. */
async function inBrowser(cases: Readonly<Record<string, readonly unknown[]>>): Promise<unknown> {
  return onPage(
    await bundle(),
    `const told = {};
    for (const [name, given] of Object.entries(${JSON.stringify(cases)})) {
      try {
        const { points, digest, signed } = await isoline.verifyContour(...given);
        told[name] = { points, digest, key: signed?.key };
      } catch (fault) {
        told[name] = { refused: fault.code ?? String(fault) };
      }
    }
    return told;`,
  );
}
