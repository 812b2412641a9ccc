/** `isoline attest verify` and `show`, with evidence of a live namespace that a real TPM signed. */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, webcrypto } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyEar } from "../../packages/attest/src/appraise/index.ts";
import * as attest from "../../packages/isoline/src/attest/index.ts";
import type { Verification } from "../../packages/isoline/src/attest/index.ts";
import { isBuilt, isoline, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";
import { isInstalled } from "../support/machine.ts";
import { needsSwtpm, SoftwareTpm } from "./swtpm.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe.skipIf(needsSwtpm || !isInstalled("swtpm_setup") || !isBuilt)("a verdict (needs swtpm and a build)", () => {
  const software = new SoftwareTpm();
  const place = mkdtempSync(join(tmpdir(), "isoline-verify-"));
  const env = { ISOLINE_HOST_DIRECTORY: place };
  const at = (name: string) => join(place, name);
  let service: ChildProcess | undefined;
  const call = (...words: readonly string[]) => isoline(words, { cwd: place, env });
  const challenge = async () => hex(attest.challenge());
  const fresh = async () => {
    const asked = attest.challenge();
    writeFileSync(
      at("evidence.cbor"),
      await attest.evidence({ challenge: asked, tpm: software.address, only: ["web"] }),
    );
    return hex(asked);
  };
  const verify = async (asked: string, order: { readonly node?: string; readonly about?: readonly string[] } = {}) => {
    const evidence = readFileSync(at("evidence.cbor"));
    const policy = readFileSync(at("policy.json"));
    const given = {
      evidence,
      policy,
      challenge: Buffer.from(asked, "hex"),
      trust: at("trust"),
      now: new Date(),
      // Other tests may run namespaces of this user.
      about: ["web"],
      ...order,
    };
    return attest.verify(given);
  };
  const failed = ({ platform, canisters }: Pick<Verification, "platform" | "canisters">) =>
    [platform, ...canisters]
      .flatMap(({ checks }) => checks)
      .filter(({ outcome }) => outcome === "failed")
      .map(({ name, failure }) => `${name}: ${failure ?? ""}`);
  const policy = (more: object = {}) =>
    writeFileSync(
      at("policy.json"),
      JSON.stringify({
        policy: 1,
        name: "test",
        version: 1,
        ledger: "if-there",
        canisters: [{ label: "web", modes: ["watching"], register: "if-there", bound: "required" }],
        ...more,
      }),
    );

  beforeAll(async () => {
    process.env["ISOLINE_HOST_DIRECTORY"] = place;
    software.certify();
    await software.start();
    mkdirSync(at("run"), { mode: 0o700 });
    for (const folder of ["makers", "contours"]) mkdirSync(at(`trust/${folder}`), { recursive: true });
    writeFileSync(at("trust/makers/all.pem"), software.authority().root + software.authority().issuer);
    writeFileSync(at("web.sh"), "until [ -e go ]; do [ ! -e attack ] || cat attack; sleep 0.1; done");
    writeFileSync(at("go"), "");
    await call("learn", "-q", "-o", "web.contour", "--", "sh", "web.sh");
    rmSync(at("go"));
    await call("learn", "-q", "--merge", "-o", "web.contour", "--", "timeout", "1", "sh", "web.sh");
    cpSync(at("web.contour"), at("trust/contours/web.contour"));
    const words = ["run", "-q", "--name", "web", "web.contour", "--", "timeout", "600", "sh", "web.sh"];
    service = spawn(isolineProgram, words, { cwd: place, env: { PATH: SYSTEM_PATH, HOME: place, ...env } });
    for (let tries = 0; !(await call("ps", "-q")).stdout.includes("web"); tries++) {
      if (tries === 200) throw new Error("the service did not start");
      await setTimeout(50);
    }
    policy();
    await call("attest", "enrol", "--tpm", software.address, "--trust", "trust", "--name", "node-1");
  });
  afterAll(async () => {
    delete process.env["ISOLINE_HOST_DIRECTORY"];
    writeFileSync(at("go"), "");
    if (service?.exitCode === null) await new Promise((ends) => service?.once("exit", ends));
    await software.close();
    rmSync(place, { recursive: true, force: true });
  });

  it("affirms what is as the policy says, and is never given twice", async () => {
    const asked = await fresh();
    expect(await verify(asked)).toMatchObject({ status: "affirming", root: "tpm", name: "node-1" });
    const kept = readdirSync(at("trust/accepted"));
    expect(kept).toHaveLength(1);
    const again = await verify(asked);
    expect({ status: again.status, failed: failed(again) }).toEqual({
      status: "contraindicated",
      failed: ["counters: rollback"],
    });
  });

  it("is the exit status as well, and lines for people", async () => {
    const asked = await fresh();
    const words = ["--challenge", asked, "--trust", "trust", "--policy", "policy.json", "--about", "web"];
    const first = await call("attest", "verify", "evidence.cbor", ...words);
    expect(first.status).toBe(0);
    expect(first.stdout).toMatch(/^affirming: node-1, root: tpm, by policy test 1\n/);
    const second = await call("attest", "verify", "evidence.cbor", ...words);
    expect(second.status).toBe(3);
    expect(second.stdout).toMatch(/counters: rollback: expected a quote after reset/);
    const stale = await call("attest", "verify", "evidence.cbor", ...words.with(1, await challenge()));
    expect(stale.status).toBe(4);
    expect(stale.stdout).toMatch(/freshness: stale: expected an answer to the challenge of this verifier/);
    writeFileSync(at("damaged.cbor"), readFileSync(at("evidence.cbor")).subarray(0, -1));
    const damaged = await call("attest", "verify", "damaged.cbor", ...words);
    expect({ status: damaged.status, stdout: damaged.stdout }).toMatchObject({
      status: 4,
      stdout: expect.stringContaining("format: broken-evidence") as string,
    });
  });

  it("is about the node and the canisters that were asked", async () => {
    expect(await verify(await fresh(), { node: "node-1", about: ["web"] })).toMatchObject({
      status: "affirming",
    });
    expect(failed(await verify(await fresh(), { about: ["db"] }))).toEqual(["tree: incomplete"]);
    await expect(verify(await fresh(), { node: "node-2" })).rejects.toThrow(
      'expected a node that is enrolled, got "node-2"; enrolled are: node-1',
    );
  });

  it("is contraindicated for evidence without a TPM, and for a node that is enrolled no longer", async () => {
    const asked = attest.challenge();
    writeFileSync(at("evidence.cbor"), await attest.evidence({ challenge: asked, only: ["web"] }));
    const bare = await verify(hex(asked));
    expect({ status: bare.status, root: bare.root, failed: failed(bare) }).toEqual({
      status: "contraindicated",
      root: "none",
      failed: ["chain: untrusted-platform"],
    });
    const node = readFileSync(at("trust/nodes/node-1.json"));
    rmSync(at("trust/nodes/node-1.json"));
    expect(failed(await verify(await fresh()))).toEqual(["chain: untrusted-platform"]);
    writeFileSync(at("trust/nodes/node-1.json"), node);
  });

  it("rests on a policy of a trusted signer, once there is one", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    mkdirSync(at("trust/policy-signers"));
    writeFileSync(at("trust/policy-signers/owner.pub"), publicKey.export({ type: "spki", format: "pem" }));
    writeFileSync(at("owner.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    const bare = await verify(await fresh());
    expect({ status: bare.status, failed: failed(bare) }).toEqual({
      status: "unverifiable",
      failed: ["policy: broken-evidence"],
    });
    expect(await call("attest", "sign", "policy.json", "--key", "owner.pem", "-o", "signed")).toMatchObject({
      status: 0,
    });
    cpSync(at("policy.json"), at("bare.json"));
    cpSync(at("signed"), at("policy.json"));
    expect(await verify(await fresh())).toMatchObject({ status: "affirming" });
    const altered = JSON.parse(readFileSync(at("signed"), "utf8")) as { payload: string };
    const text = Buffer.from(altered.payload, "base64").toString("utf8").replace('"watching"', '"learning"');
    writeFileSync(at("policy.json"), JSON.stringify({ ...altered, payload: Buffer.from(text).toString("base64") }));
    expect(failed(await verify(await fresh()))).toEqual(["policy: broken-evidence"]);
    rmSync(at("trust/policy-signers"), { recursive: true });
    cpSync(at("bare.json"), at("policy.json"));
    writeFileSync(at("wrong.json"), '{ "policy": 1, "name": "x" }');
    expect(await call("attest", "sign", "wrong.json", "--key", "owner.pem", "-o", "signed")).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/policy, "version", line 1, column 1: expected a whole number/) as string,
    });
  });

  it("is a signed result that others can check", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(at("verifier.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    const asked = await fresh();
    const words = [
      "evidence.cbor",
      "--challenge",
      asked,
      "--trust",
      "trust",
      "--policy",
      "policy.json",
      "-o",
      "result.jwt",
    ];
    await call("attest", "verify", ...words, "--key", "verifier.pem");
    const key = await webcrypto.subtle.importKey(
      "spki",
      publicKey.export({ type: "spki", format: "der" }),
      "Ed25519",
      false,
      ["verify"],
    );
    const claims = await verifyEar(readFileSync(at("result.jwt"), "utf8").trim(), key, new Date());
    expect(claims).toMatchObject({
      eat_nonce: Buffer.from(asked, "hex").toString("base64url"),
      submods: { node: { "ear.status": "affirming" }, "canister/web": { "ear.status": "affirming" } },
    });
    expect(await call("attest", "verify", ...words)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("expected both -o FILE and --key KEY") as string,
    });
  });

  it("is not given where another user can write what is trusted", async () => {
    chmodSync(at("trust/accepted"), 0o777);
    await expect(verify(await fresh())).rejects.toThrow("only its owner can write");
    chmodSync(at("trust/accepted"), 0o700);
  });

  it("is shown link by link before anything is trusted", async () => {
    await fresh();
    const { status, stdout } = await call("attest", "show", "evidence.cbor");
    expect(status).toBe(0);
    expect(stdout).toMatch(/quote +fits the signature of the key in it; fits this statement and challenge/);
    expect(stdout).toMatch(/web {3}watching, seccomp: each call is judged before its effect/);
    const bytes = readFileSync(at("evidence.cbor"));
    const label = bytes.indexOf("watching");
    bytes.write("learning", label);
    writeFileSync(at("changed.cbor"), bytes);
    expect((await call("attest", "show", "changed.cbor")).stdout).toContain("does not fit the tree");
  });

  it("is contraindicated once the canister has departed, with why", async () => {
    writeFileSync(at("attack"), "secret");
    for (let tries = 0; tries < 200; tries++) {
      const { stdout } = await call("ps", "--json");
      if ((JSON.parse(stdout) as { name: string; off: number }[]).some(({ name, off }) => name === "web" && off > 0))
        break;
      await setTimeout(50);
    }
    const departed = await verify(await fresh());
    expect({ status: departed.status, failed: failed(departed) }).toEqual({
      status: "contraindicated",
      failed: ["trust: off-contour"],
    });
    expect(existsSync(at("trust/accepted"))).toBe(true);
  });
});
