/** A canister that departed and ended between two pieces of evidence, as `isoline attest verify` tells of it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commands } from "../../packages/attest/src/tpm/index.ts";
import * as attest from "../../packages/isoline/src/attest/index.ts";
import { isBuilt, isoline, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";
import { needsSwtpm, SoftwareTpm } from "./swtpm.ts";

const SHUTDOWN_STATE = 1;

describe.skipIf(needsSwtpm || !isBuilt)("a canister that ended (needs swtpm and a build)", () => {
  const software = new SoftwareTpm();
  const place = mkdtempSync(join(tmpdir(), "isoline-ended-"));
  const env = { ISOLINE_HOST_DIRECTORY: place };
  const at = (name: string) => join(place, name);
  const ledgers = at("ledger");
  let service: ChildProcess | undefined;
  const call = (...words: readonly string[]) => isoline(words, { cwd: place, env });
  const isListed = async (fits: (one: { readonly name: string; readonly off: number }) => boolean) =>
    (JSON.parse((await call("ps", "--json")).stdout) as { name: string; off: number }[]).some(fits);

  /** Fresh evidence of the whole host, and what is said of it. */
  async function verified(...more: readonly string[]) {
    const challenge = attest.challenge();
    writeFileSync(at("evidence.cbor"), await attest.evidence({ challenge, tpm: software.address, ledgers }));
    const asked = [
      "--challenge",
      Buffer.from(challenge).toString("hex"),
      "--trust",
      "trust",
      "--policy",
      "policy.json",
    ];
    return await call("attest", "verify", "evidence.cbor", ...asked, ...more);
  }

  async function begun(): Promise<void> {
    for (const name of ["go", "attack"]) rmSync(at(name), { force: true });
    const tpm = ["--tpm", software.address, "--tpm-ledger", ledgers];
    const words = ["run", "-q", "--name", "web", ...tpm, "web.contour", "--", "timeout", "600", "sh", "web.sh"];
    const start = { cwd: place, env: { PATH: SYSTEM_PATH, HOME: place, ...env }, detached: true };
    service = spawn(isolineProgram, words, start);
    await expect.poll(() => isListed(({ name }) => name === "web"), { timeout: 60_000 }).toBe(true);
  }

  async function departedAndEnded(): Promise<void> {
    writeFileSync(at("attack"), "secret");
    await expect.poll(() => isListed(({ name, off }) => name === "web" && off > 0), { timeout: 60_000 }).toBe(true);
    const ends = once(service as ChildProcess, "exit");
    writeFileSync(at("go"), "");
    await ends;
  }

  beforeAll(async () => {
    process.env["ISOLINE_HOST_DIRECTORY"] = place;
    mkdirSync(at("run"), { mode: 0o700 });
    for (const folder of ["makers", "contours"]) mkdirSync(at(`trust/${folder}`), { recursive: true });
    software.certify();
    await software.start();
    writeFileSync(at("trust/makers/all.pem"), software.authority().root + software.authority().issuer);
    const rules = [{ label: "web", modes: ["watching"] }];
    const policy = { policy: 1, name: "test", version: 1, losses: "warn", canisters: rules };
    writeFileSync(at("policy.json"), JSON.stringify(policy));
    writeFileSync(at("web.sh"), "until [ -e go ]; do [ ! -e attack ] || cat attack; sleep 0.1; done");
    await call("learn", "-q", "-o", "web.contour", "--", "timeout", "1", "sh", "web.sh");
    writeFileSync(at("go"), "");
    await call("learn", "-q", "--merge", "-o", "web.contour", "--", "sh", "web.sh");
    cpSync(at("web.contour"), at("trust/contours/web.contour"));
    await call("attest", "enrol", "--tpm", software.address, "--trust", "trust", "--name", "node-1");
  });
  afterAll(async () => {
    delete process.env["ISOLINE_HOST_DIRECTORY"];
    writeFileSync(at("go"), "");
    if (service?.exitCode === null) await once(service, "exit");
    await software.close();
    rmSync(place, { recursive: true, force: true });
  });

  it("is told of once, and is the status of that evidence", async () => {
    await begun();
    expect(await verified()).toMatchObject({ status: 0, stdout: expect.stringContaining("web (its past") as string });
    await departedAndEnded();
    const told = await verified();
    expect(told.stdout).toMatch(/^contraindicated: node-1, root: tpm, by policy test 1\n/);
    expect(told.stdout).toMatch(
      /\n {2}contraindicated {2}web \(it ended\)\n {4}trust: off-contour: it ended; before that, its run that was born in record \d+ of the ledger departed \d+ times/,
    );
    expect(told.status).toBe(3);
    const next = await verified();
    expect(next.stdout).toMatch(/^affirming: node-1/);
    expect(next.stdout).not.toContain("it ended");
    expect(next.status).toBe(0);
  });

  it("is in what is written for machines, as an empty list where there is none", async () => {
    await begun();
    await verified();
    await departedAndEnded();
    const told = await verified("--json");
    expect(JSON.parse(told.stdout)).toMatchObject({
      status: "contraindicated",
      endings: [{ label: "web", failure: "off-contour", why: expect.stringMatching(/^it ended; before/) as string }],
    });
    expect(told.status).toBe(3);
    expect(JSON.parse((await verified("--json")).stdout)).toMatchObject({ status: "affirming", endings: [] });
  });

  it("is told of as one that lost its supervisor, where that was killed", async () => {
    await begun();
    await verified();
    const ends = once(service as ChildProcess, "exit");
    process.kill(-(service?.pid ?? 0), "SIGKILL");
    await ends;
    const told = await verified();
    expect(told.stdout).toMatch(
      /^unverifiable: .*\n[^]*\n {2}unverifiable {2}web \(it lost its supervisor\)\n {4}losses: incomplete: its run that was born in record \d+/,
    );
    expect(told.status).toBe(4);
    expect((await call("attest", "show", "evidence.cbor")).stdout).toMatch(
      / 1 run lost a supervisor, the last that of record \d+/,
    );
    expect(await verified()).toMatchObject({ status: 0, stdout: expect.not.stringContaining("lost") as string });
  });

  it("is told of as well where the machine slept since, and evidence of a machine that slept is as good as before", async () => {
    await begun();
    await verified();
    await departedAndEnded();
    await software.using((tpm) => tpm.run(commands.shutdown, { type: SHUTDOWN_STATE }));
    await software.stop();
    await software.start("state");
    expect((await verified()).stdout).toMatch(/^contraindicated: .*\n[^]* web \(it ended\)\n {4}trust: off-contour/);
    await begun();
    const next = await verified();
    expect(next.stdout).toMatch(/^contraindicated: /);
    expect(next.stdout).not.toContain("ledger: ");
  });
});
