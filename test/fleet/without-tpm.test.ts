/** A node without a TPM by the command line alone: `isoline fleet join --tee` and `attest`, with reports of a maker in tests alone. */
import { type ChildProcess, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidence } from "../../packages/isoline/src/attest/make-evidence.ts";
import { attestToFleet } from "../../packages/isoline/src/fleet/attesting.ts";
import { MachineKey } from "../../packages/isoline/src/fleet/machine-key.ts";
import type { AttestedAnswer } from "../../packages/isoline/src/fleet/model.ts";
import { readEnrolment } from "../../packages/isoline/src/fleet/node-place.ts";
import * as amd from "../attest/tee/amd-vendor.ts";
import { FakeTsm } from "../attest/tee/fake-tsm.ts";
import { ReportingMachine } from "../attest/tee/fuse-tsm.ts";
import { type Ended, isBuilt, isoline } from "../support/isoline.ts";
import { isInstalled, isRoot } from "../support/machine.ts";
import { guest } from "../verifier/machine-node.ts";
import { VerifierProcess } from "../verifier/process.ts";

const ADMIN = "admin-token-0123456789";
const rightGuest = guest();
const otherLaunch = guest(amd.CHIP, { measurement: Buffer.alloc(48, 7) });
/** What the host answers in place of a new report. */
const kept = rightGuest.report(Buffer.alloc(64));
const replayed = { ...rightGuest, report: () => kept };
const page = readFileSync(new URL("../../docs/fleet.md", import.meta.url), "utf8");
const needs = !isRoot || !isBuilt || !existsSync("/dev/fuse") || !["openssl", "nsenter"].every(isInstalled);

describe.skipIf(needs)("a node without a TPM, as it is typed (needs root, /dev/fuse, openssl and a build)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-without-"));
  const at = (...parts: readonly string[]) => join(place, ...parts);
  const env = { ISOLINE_FLEET_CONFIG: at("fleet.yaml"), ISOLINE_HOST_DIRECTORY: place };
  let launched = rightGuest;
  const kernel = new FakeTsm({ auxblob: rightGuest.certificates, make: (data) => launched.report(data) });
  let machine: ReportingMachine;
  let verifier: VerifierProcess;
  const fleet = (...words: readonly string[]) => isoline(["fleet", ...words], { cwd: place, env });
  const inGuest = (words: readonly string[], onStart?: (child: ChildProcess) => void) =>
    machine.isoline(words, { cwd: place, env, ...(onStart && { onStart }) });
  /** The words of an enrolment as docs/fleet.md has them, for the verifier of this test. */
  const typed = (): readonly string[] => {
    const [, line = ""] = /^isoline (fleet join --tee .*)$/m.exec(page) ?? [];
    return [...line.replace("https://verifier.example:8443", verifier.address).split(" "), "--ca", "tls.pem"];
  };
  const keepToken = async (name: string) => {
    const { stdout } = await fleet("token", "--tenant", "shop", "--name", name);
    writeFileSync(at("token"), stdout, { mode: 0o600 });
  };
  /** Attests until the work is done; `said` is what the command has printed so far. */
  async function attesting(work: (said: () => string) => Promise<void>): Promise<Ended> {
    let [said, child] = ["", undefined as ChildProcess | undefined];
    const ending = inGuest(["fleet", "attest", "--tee"], (started) => {
      child = started;
      for (const stream of [started.stdout, started.stderr]) stream?.on("data", (text: string) => (said += text));
    });
    try {
      await work(() => said);
    } finally {
      child?.kill("SIGTERM");
    }
    return await ending;
  }
  const says = (said: () => string, line: RegExp) => expect.poll(said, { timeout: 30_000 }).toMatch(line);

  beforeAll(async () => {
    for (const folder of ["trust", "trust/tee-makers"]) mkdirSync(at(folder), { mode: 0o700 });
    writeFileSync(at("trust/tee-makers/ark.der"), amd.ark.der);
    writeFileSync(at("trust/tee-makers/ask.der"), amd.ask.der);
    writeFileSync(at("people"), `ann admin * ${ADMIN}\n`, { mode: 0o600 });
    const words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=verifier";
    const files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", at("tls.key"), "-out", at("tls.pem")];
    execFileSync("openssl", [...words.split(" "), ...files], { stdio: "pipe" });
    verifier = await VerifierProcess.start(place, {
      ...{ listen: "127.0.0.1:0", database: "pglite:store", keys: "keys", trust: "trust", due: 2, dashboard: false },
      ...{ tls: { certificate: "tls.pem", key: "tls.key" }, people: { tokens: "people" } },
    });
    const servers = [{ name: "home", url: verifier.address, token: ADMIN, ca: at("tls.pem") }];
    writeFileSync(at("fleet.yaml"), JSON.stringify({ current: "home", servers }), { mode: 0o600 });
    machine = await ReportingMachine.start(kernel);
  });
  afterAll(async () => {
    await machine?.close();
    await verifier?.end("SIGTERM");
    rmSync(place, { recursive: true, force: true });
  });

  it("is told what is missing before its token is used", async () => {
    await keepToken("guest-1");
    const here = await isoline(typed(), { cwd: place, env });
    expect([here.status, here.stderr]).toEqual([1, expect.stringMatching(/^isoline: no report of this machine: /)]);
    const early = await inGuest(typed());
    expect([early.status, early.stderr]).toEqual([
      1,
      expect.stringMatching(
        /expected a policy for this node with root "tee", got .*; publish one, or enrol the node by its TPM\n$/,
      ),
    ]);
  });

  it("joins over TLS, with the policy and the commands of docs/fleet.md", async () => {
    const [, policy = ""] = /^### A node without a TPM\n[^]*?```json\n([^]*?)```/m.exec(page) ?? [];
    writeFileSync(at("policy.json"), policy.replace("MEASUREMENT", amd.MEASUREMENT));
    expect((await fleet("policy", "default", "--set", "policy.json")).stderr).toContain("published");
    expect((await inGuest(["attest", "doctor"])).stdout).toMatch(/reports by sev_guest\n[^]*\nroot: tee\n/);
    expect(await inGuest(typed())).toMatchObject({
      ...{ status: 0, stdout: expect.stringMatching(/^guest-1: enrolled, node [0-9a-f]{64}\n$/) as string },
    });
    expect((await fleet("nodes")).stdout).toMatch(/^guest-1 +unknown +none/m);
  });

  it("does not join twice: not in its place, and nowhere else with the same token", async () => {
    expect((await inGuest(typed())).stderr).toMatch(/node\.json: this node is enrolled already; remove the file/);
    const { status, stderr } = await inGuest([...typed(), "--state", at("elsewhere")]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/: expected an enrolment token that was not used and is not over; ask for another\n$/);
    expect(existsSync(at("elsewhere/node.json"))).toBe(false);
  });

  it("does not join with another launch, and is told what was launched", async () => {
    await keepToken("guest-2");
    launched = otherLaunch;
    const { status, stderr } = await inGuest([...typed(), "--name", "guest-2", "--state", at("second")]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /measurement: expected (?:3e){48}, got (?:07){48}; add that value to the policy if you launched/,
    );
    expect((await fleet("nodes", "-o", "name")).stdout).toBe("node/guest-1\n");
    launched = rightGuest;
  });

  it("is affirmed by its reports, and turns red with one line once another machine was launched", async () => {
    const { status } = await attesting(async (said) => {
      await says(said, /^guest-1: affirming, 0 canisters$/m);
      expect((await fleet("nodes")).stdout).toMatch(/^guest-1 +affirming +tee/m);
      expect((await fleet("why", "guest-1")).status).toBe(0);
      expect((await fleet("show", "guest-1")).stdout).toMatch(/machine +snp:(?:c5){64}\n[^]*ok {4}machine\n/);
      launched = otherLaunch;
      const red = /untrusted-platform: the report of this machine is not trusted: measurement: expected 3e/;
      await says(said, new RegExp(`^guest-1: contraindicated, 0 canisters: ${red.source}.*distrust the machine$`, "m"));
      expect((await fleet("nodes")).stdout).toMatch(new RegExp(`^guest-1 +contraindicated +tee .*${red.source}`, "m"));
      const why = await fleet("why", "guest-1");
      expect([why.status, why.stdout]).toEqual([3, expect.stringMatching(red)]);
      launched = rightGuest;
      await says(said, /contraindicated[^]*\nguest-1: affirming, 0 canisters$/m);
    });
    expect(status).toBe(0);
  });

  it("sends no report about something else, says why, and goes on", async () => {
    launched = replayed;
    await attesting(async (said) => {
      await says(said, /no verdict: no report of this machine: the report is about other data .*; again in \d+ s$/m);
      launched = rightGuest;
      await says(said, /^guest-1: affirming, 0 canisters$/m);
    });
    // The kernel keeps a request until it is removed.
    expect(kernel.reports.size).toBe(0);
  });

  it("is not believed with another key, nor with a signature by one", async () => {
    const enrolled = readEnrolment(at("fleet"));
    const [own, other] = [MachineKey.of(enrolled.machineKey as string), MachineKey.made()];
    const ending = new AbortController();
    const verdict = await new Promise<AttestedAnswer>((resolve, reject) => {
      const signs = (statement: Uint8Array) => other.signed(statement);
      const evidence = (challenge: Uint8Array) =>
        makeEvidence({ challenge, tee: { key: own.info, signs, reports: kernel } });
      void attestToFleet({ enrolled, signal: ending.signal, evidence, onVerdict: resolve, onFailure: reject });
    });
    ending.abort();
    expect(verdict).toMatchObject({
      ...{ state: "unverifiable", failure: "broken-evidence" },
      why: expect.stringMatching(/^expected a signature by the key that was enrolled over this evidence/) as string,
    });
    writeFileSync(
      at("fleet/node.json"),
      JSON.stringify({ isoline: "fleet node 1", ...enrolled, machineKey: other.pem }),
    );
    await attesting(async (said) => {
      await says(said, /^guest-1: contraindicated, .*: expected evidence of node "[0-9a-f]{16}", got/m);
      // What proves nothing is written once in `due` seconds: until then the fleet shows what was written above.
      const shown = async () => (await fleet("nodes")).stdout;
      await expect
        .poll(shown, { timeout: 30_000 })
        .toMatch(/^guest-1 +contraindicated +tee .*expected evidence of node/m);
    });
  });
});
