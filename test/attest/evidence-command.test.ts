/** `isoline attest evidence` about live namespaces, signed by a real TPM, and without one. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  leadsTo,
  leafOf,
  qualifyingData,
  readCanisterBody,
  readEvidence,
  readNodeBody,
} from "../../packages/attest/src/evidence/index.ts";
import { attest, decode, isSignedBy, publicArea, signature } from "../../packages/attest/src/tpm/index.ts";
import { loadHashed } from "../../packages/isoline/src/store/contour-file.ts";
import { isBuilt, isoline, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";
import { needsSwtpm, SoftwareTpm } from "./swtpm.ts";

const CHALLENGE = "ab".repeat(32);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe.skipIf(needsSwtpm || !isBuilt)("evidence (needs swtpm and a build)", () => {
  const software = new SoftwareTpm();
  const place = mkdtempSync(join(tmpdir(), "isoline-evidence-"));
  const env = { ISOLINE_HOST_DIRECTORY: place };
  const running: ChildProcess[] = [];
  const at = (name: string) => join(place, name);
  const made = async (...words: readonly string[]) => {
    const said = await isoline(["attest", "evidence", "--challenge", CHALLENGE, "-o", "out.cbor", ...words], {
      cwd: place,
      env,
    });
    return { ...said, evidence: said.status === 0 ? readEvidence(readFileSync(at("out.cbor"))) : undefined };
  };
  const signatureOf = async (name: string) => {
    const { evidence } = await made("--no-tpm", name);
    const { signature: told } = readCanisterBody(evidence?.canisters[0]?.body ?? new Uint8Array());
    return told && Buffer.from(told);
  };
  const sign = async () => {
    const { stderr, status } = await isoline(["sign", "--key", "key.pem", "wait.contour"], { cwd: place, env });
    expect({ stderr, status }).toMatchObject({ status: 0 });
  };
  /** Runs a command that waits for a file, and returns when it runs. */
  const start = async (name: string, ...words: readonly string[]) => {
    const child = spawn(isolineProgram, words, { cwd: place, env: { PATH: SYSTEM_PATH, HOME: place, ...env } });
    running.push(child);
    for (let tries = 0; tries < 500; tries++) {
      const { stdout } = await isoline(["ps", "-q"], { cwd: place, env });
      if (stdout.split("\n").includes(name)) return;
      await setTimeout(50);
    }
    throw new Error(`${name} did not start`);
  };
  const SCRIPT = "until [ -e go ]; do sleep 0.05; done";

  beforeAll(async () => {
    await software.start();
    mkdirSync(at("run"), { mode: 0o700 });
    writeFileSync(at("wait.sh"), SCRIPT);
    writeFileSync(at("go"), "");
    await isoline(["learn", "-q", "-o", "wait.contour", "--", "sh", "wait.sh"], { cwd: place, env });
    rmSync(at("go"));
    await isoline(["learn", "-q", "--merge", "-o", "wait.contour", "--", "timeout", "1", "sh", "wait.sh"], {
      cwd: place,
      env,
    });
    await isoline(["learn", "-q", "-o", "other-work.contour", "--", "true"], { cwd: place, env });
    writeFileSync(at("key.pem"), generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }), {
      mode: 0o600,
    });
    await start("web", "run", "-q", "--name", "web", "wait.contour", "--", "timeout", "600", "sh", "wait.sh");
    await start(
      "other",
      "learn",
      "-q",
      "--name",
      "other",
      "-o",
      "other.contour",
      "--",
      "timeout",
      "600",
      "sh",
      "wait.sh",
    );
  });
  afterAll(async () => {
    writeFileSync(at("go"), "");
    const left = running.filter((child) => child.exitCode === null);
    await Promise.all(left.map((child) => new Promise((ends) => child.once("exit", ends))));
    await software.close();
    rmSync(place, { recursive: true, force: true });
  });

  it("is one statement about each live namespace and this machine, which the TPM signed for this challenge", async () => {
    const { evidence, stderr } = await made("--tpm", software.address);
    if (evidence?.quote === undefined) throw new Error(`no quote: ${stderr}`);
    const { node, tree, quote, canisters, challenge } = evidence;
    const key = decode(publicArea, quote.key);
    expect(await isSignedBy(key, quote.message, decode(signature, quote.signature))).toBe(true);
    const told = decode(attest, quote.message);
    expect(hex(told.extraData)).toBe(hex(qualifyingData(challenge, node, tree.root)));
    const { registers } = quote;
    expect(registers.map(({ number }) => number)).toEqual(Array.from({ length: 16 }, (_, number) => number));
    const values = createHash("sha256");
    for (const { value } of registers) values.update(value);
    expect(told.attested).toMatchObject({ is: "quote", value: { digest: Uint8Array.from(values.digest()) } });
    for (const { index, path, body } of canisters)
      expect(leadsTo(tree.root, { leaf: leafOf(body), index, size: tree.size, path })).toBe(true);
    expect(canisters.map(({ body }) => readCanisterBody(body).label)).toEqual(expect.arrayContaining(["other", "web"]));
    // Another test may have a namespace under the other sensor on this machine.
    expect(readNodeBody(node).sensors).toContainEqual({ sensor: "seccomp", programs: [] });
  });

  it("says of a namespace its contour, its portable state, and the state that only this machine could make now", async () => {
    const { evidence } = await made("--tpm", software.address, "web");
    expect(evidence?.canisters).toHaveLength(1);
    const body = readCanisterBody(evidence?.canisters[0]?.body ?? new Uint8Array());
    const { contour, digest } = await loadHashed(at("wait.contour"));
    expect({ ...body, contour: hex(body.contour ?? new Uint8Array()), state: hex(body.state) }).toMatchObject({
      label: "web",
      contour: digest,
      mode: "watching",
      sealed: true,
      sensor: "seccomp",
      state: contour.state(),
      points: contour.size,
      counters: { departures: 0, refused: 0, lost: 0, untrusted: 0 },
    });
    const { aggregate = new Uint8Array(), state = new Uint8Array() } = body.bound ?? {};
    const expected = (contour as { stateUnder(base: string, aggregate: string): string }).stateUnder(
      CHALLENGE,
      hex(aggregate),
    );
    expect(hex(state)).toBe(expected);
    const registers = createHash("sha256");
    for (const { value } of evidence?.quote?.registers.slice(0, 8) ?? []) registers.update(value);
    expect(hex(aggregate)).toBe(registers.digest("hex"));
  });

  it("without a TPM has no root, and says so", async () => {
    const { evidence, stderr, status } = await made("--no-tpm");
    expect(status).toBe(0);
    expect(stderr).toContain("root: none, no TPM signed it");
    expect(evidence?.quote).toBeUndefined();
    expect(evidence?.canisters.every(({ body }) => readCanisterBody(body).bound === undefined)).toBe(true);
  });

  it("waits for nothing that others put beside a contour, and takes no more than a signature has", async () => {
    const beside = at("wait.contour.sig");
    const signed = () => signatureOf("web");
    execFileSync("mkfifo", [beside]);
    expect(await signed()).toBeUndefined();
    rmSync(beside);
    writeFileSync(beside, Buffer.alloc(2 ** 14 + 1));
    expect(await signed()).toBeUndefined();
    writeFileSync(beside, "a signature");
    expect(await signed()).toBeUndefined();
    rmSync(beside);
  });

  it("goes on with the signature of the contour that the service runs under, when a newer contour was signed in its place", async () => {
    const beside = at("wait.contour.sig");
    const [first, newer] = [readFileSync(at("wait.contour")), readFileSync(at("other-work.contour"))];
    await sign();
    const signed = readFileSync(beside);
    expect(await signatureOf("web")).toEqual(signed);
    writeFileSync(at("wait.contour"), newer);
    await sign();
    expect(readFileSync(beside)).not.toEqual(signed);
    expect(await signatureOf("web")).toEqual(signed);
    writeFileSync(at("wait.contour"), first);
    rmSync(beside);
    expect(await signatureOf("web")).toEqual(signed);
  });

  it("is refused for a namespace that is not live, and for a challenge of another length", async () => {
    expect(await made("--no-tpm", "absent")).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/live are: .*other.*web/) as string,
    });
    const { status, stderr } = await isoline(["attest", "evidence", "--challenge", "c0ffee", "-o", "x"], {
      cwd: place,
      env,
    });
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("expected 64 hexadecimal digits"),
    });
  });

  it("takes nothing from what only pretends to be a supervisor, and is incomplete", async () => {
    const answers = ["{}", "[", "null", JSON.stringify({ isoline: 1, name: "rogue", state: "ff" }), "x".repeat(5000)];
    let asked = 0;
    const rogue = createServer((_, response) => response.end(answers[asked++ % answers.length])).listen(
      at("run/rogue.sock"),
    );
    await new Promise((resolve) => rogue.once("listening", resolve));
    try {
      for (const _ of answers) {
        const { evidence } = await made("--no-tpm");
        const { complete, losses } = readNodeBody(evidence?.node ?? new Uint8Array());
        expect({ complete, losses }).toEqual({
          complete: false,
          losses: expect.arrayContaining([expect.stringMatching(/^a live namespace did not answer/)]) as unknown,
        });
        expect(evidence?.tree.size).toBeGreaterThan(1);
      }
    } finally {
      rogue.close();
    }
  });
});
