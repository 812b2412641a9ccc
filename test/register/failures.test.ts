/** A TPM or a supervisor that fails while a workload runs: nothing is lost in silence, and what is enforced stays shut. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as later } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeRecord, framed, replayLedger, standingOf } from "../../packages/attest/src/register/index.ts";
import { needsSwtpm } from "../attest/swtpm.ts";
import { isBuilt } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { hex, Recorded } from "./supervised.ts";

const WAITS = "echo > up; cat gate > /dev/null";
const DEPARTS = `${WAITS}; cat /etc/passwd > departed; cat /etc/hostname > kept`;
const LEARNT = `${WAITS}; cat /etc/hostname > kept`;
const NOT_TAKEN = "did not take a record in time; start it again, or see why it does not answer";

describe.skipIf(needsSwtpm || !isBuilt || !isCI)("what fails meanwhile (needs swtpm, a build and CI)", () => {
  let host: Recorded;
  beforeEach(async () => {
    host = new Recorded();
    await host.tpm.start();
    spawnSync("mkfifo", [host.at("gate")]);
    for (const name of ["kept", "departed", "again"]) writeFileSync(host.at(name), "");
    await host.run(["learn", "-o", "a.contour"], LEARNT, () => host.open());
    writeFileSync(host.at("kept"), "");
  });
  afterEach(() => host.close());

  const content = (name: string) => (existsSync(host.at(name)) ? readFileSync(host.at(name), "utf8") : "");
  const failures = {
    killed: () => host.tpm.stop(),
    stopped: async () => host.tpm.freeze(true),
  };
  const hows = Object.keys(failures) as (keyof typeof failures)[];
  const after = (how: keyof typeof failures) => async () => {
    await failures[how]();
    host.open();
  };

  it.each(hows)(
    "enforcing, with the TPM %s: what departs is refused, and so is all that comes after it",
    async (how) => {
      const words = ["run", "a.contour", "--enforce", "--no-landlock", ...host.options];
      const { stderr } = await host.run(words, DEPARTS, after(how));
      expect([content("departed"), content("kept")]).toEqual(["", ""]);
      expect(stderr).toContain(NOT_TAKEN);
      expect(host.report).toMatchObject({ verdict: "off-contour", tpm: { recorded: false } });
      expect(host.report.incomplete.map(({ reason }) => reason)).toEqual([expect.stringContaining(NOT_TAKEN)]);
    },
  );

  it.each(hows)("watching, with the TPM %s: it goes on, and the run is incomplete", async (how) => {
    const { status, stderr } = await host.run(["check", "a.contour", ...host.options], DEPARTS, after(how));
    expect([status, content("kept")]).toEqual([3, readFileSync("/etc/hostname", "utf8")]);
    expect(stderr).toContain(NOT_TAKEN);
    expect(host.report.incomplete.map(({ reason }) => reason)).toEqual([expect.stringContaining(NOT_TAKEN)]);
  });

  it.each(hows)("on contour, with the TPM %s: its end is not recorded, and the run is incomplete", async (how) => {
    const { status } = await host.run(["check", "a.contour", ...host.options], LEARNT, after(how));
    expect(status).toBe(4);
    expect(host.report).toMatchObject({ verdict: "incomplete", off: 0, tpm: { recorded: false } });
  });

  it.each(hows)("learning, with the TPM %s: the contour says that it is incomplete", async (how) => {
    const { stderr } = await host.run(["learn", "-o", "b.contour", ...host.options], LEARNT, after(how));
    expect(stderr).toContain(NOT_TAKEN);
    expect(content("b.contour")).toContain(NOT_TAKEN);
  });

  it("enforcing, with a TPM that refuses for less than three seconds: what was learnt goes ahead, and nothing is lost", async () => {
    const words = ["run", "a.contour", "--enforce", "--no-landlock", ...host.options];
    await host.run(words, DEPARTS, async () => {
      host.tpm.hide(true);
      host.open();
      await later(700);
      host.tpm.hide(false);
    });
    expect([content("departed"), content("kept")]).toEqual(["", readFileSync("/etc/hostname", "utf8")]);
    expect(host.report).toMatchObject({ verdict: "off-contour", incomplete: [], tpm: { recorded: true } });
    const facts = host.ledger.namespaces.get(host.report.tpm?.birth ?? -1);
    expect(facts?.departures).toHaveLength(host.report.tpm?.departures ?? -1);
    expect(facts?.losses).toEqual([]);
    expect(host.pcr(13)).toBe(hex(host.ledger.births.value));
  });

  it("goes on when the TPM answers again, and has then recorded everything, once", async () => {
    const tries = "n=0; until cat /etc/hostname > again && [ -s again ] || [ $n -gt 200000 ]; do n=$((n+1)); done";
    const words = ["-o", "a.contour", "--merge"];
    await host.run(["learn", ...words], `${LEARNT}; ${tries}`, () => host.open());
    writeFileSync(host.at("again"), "");
    const enforced = ["run", "a.contour", "--enforce", "--no-landlock", ...host.options];
    await host.run(enforced, `${DEPARTS}; ${tries}`, async (supervisor) => {
      // The shell says so when a call after the departure was refused.
      supervisor.stderr?.on("data", (text: string) => {
        if (text.includes("again")) host.tpm.freeze(false);
      });
      await failures.stopped();
      host.open();
    });
    expect(content("again")).toBe(readFileSync("/etc/hostname", "utf8"));
    expect(host.report.tpm).toMatchObject({ recorded: true });
    const { ledger } = host;
    const facts = ledger.namespaces.get(host.report.tpm?.birth ?? -1);
    expect(facts?.departures).toHaveLength(host.report.tpm?.departures ?? -1);
    expect(new Set(facts?.departures.map((each) => each.process)).size).toBe(facts?.departures.length);
    expect(facts?.losses.length).toBeGreaterThan(0);
    expect(host.pcr(13)).toBe(hex(ledger.births.value));
  });

  it("a killed supervisor leaves its departure, and no end", async () => {
    const words = ["check", "a.contour", ...host.options];
    await host.run(words, `cat /etc/passwd > /dev/null; ${WAITS}`, (supervisor) => {
      supervisor.kill("SIGKILL");
      host.open();
    });
    const [facts] = host.ledger.namespaces.values();
    expect(facts?.departures.length).toBeGreaterThan(0);
    expect(facts?.end).toBeUndefined();
    const register = host.ledger.registers.get(hex(facts?.register));
    expect(host.register(register?.index ?? 0)).toBe(hex(register?.value));
  });

  it("killed between the disk and the TPM: the ledger is ahead by one record, and the next supervisor extends it", async () => {
    const words = ["check", "a.contour", ...host.options];
    const script = `${WAITS}; cat /etc/passwd > departed`;
    let before = 0;
    await host.run(words, script, async (supervisor) => {
      before = readFileSync(host.ledgerFile).length;
      await failures.stopped();
      host.open();
      while (readFileSync(host.ledgerFile).length === before) await new Promise((resolve) => setTimeout(resolve, 5));
      supervisor.kill("SIGKILL");
    });
    host.tpm.freeze(false);
    const [facts] = host.ledger.namespaces.values();
    expect(facts?.departures).toHaveLength(1);
    const register = host.ledger.registers.get(hex(facts?.register));
    const found = () => Buffer.from(host.register(register?.index ?? 0), "hex");
    expect(register && standingOf(found(), register)).toBe("behind");
    expect(content("departed")).toBe("");
    const { status } = await host.run(words, LEARNT, () => host.open());
    expect(status).toBe(0);
    expect(register && standingOf(found(), register)).toBe("current");
    expect(host.pcr(13)).toBe(hex(host.ledger.births.value));
  });

  it("a record that was half written is cut off", async () => {
    await host.run(["check", "a.contour", ...host.options], LEARNT, () => host.open());
    const whole = readFileSync(host.ledgerFile);
    writeFileSync(host.ledgerFile, Buffer.concat([whole, Buffer.from([1, 0, 0xa8])]));
    const { status } = await host.run(["check", "a.contour", ...host.options], LEARNT, () => host.open());
    expect(status).toBe(0);
    expect(readFileSync(host.ledgerFile).subarray(0, whole.length)).toEqual(whole);
    expect(host.pcr(13)).toBe(hex(host.ledger.births.value));
  });

  it.each([
    ["a record was dropped", (file: Buffer) => file.subarray(0, file.length - 2 - lastOf(file).length)],
    ["a record was forged", (file: Buffer) => Buffer.concat([file, framed(forged(file)), framed(forged(file, 1))])],
  ])("nothing starts over a ledger that does not fit the TPM: %s", async (_, change) => {
    const words = ["check", "a.contour", ...host.options];
    await host.run(words, LEARNT, () => host.open());
    const whole = readFileSync(host.ledgerFile);
    writeFileSync(host.ledgerFile, change(whole));
    const { status, stderr } = await host.run(words, "touch started");
    expect([status, stderr]).toEqual([125, expect.stringContaining("does not fit the TPM")]);
    expect(existsSync(host.at("started"))).toBe(false);
  });

  it("a TPM that was powered off and on takes no more records of what ran before", async () => {
    const words = ["run", "a.contour", "--enforce", "--no-landlock", ...host.options];
    const { stderr } = await host.run(words, DEPARTS, async () => {
      await host.tpm.stop();
      await host.tpm.start();
      host.open();
    });
    expect([content("departed"), content("kept")]).toEqual(["", ""]);
    expect(stderr).toContain(NOT_TAKEN);
  });
});

const lastOf = (file: Buffer) => encodeRecord(replayLedger(file).last);

/** A birth in the shared register that no supervisor wrote. */
function forged(file: Buffer, more = 0): Uint8Array {
  const { begin, length } = replayLedger(file);
  const nothing = new Uint8Array(32);
  const named = { name: nothing, mode: "enforce", sensor: "seccomp", aggregate: nothing, state: nothing } as const;
  return encodeRecord({ kind: "guest", sequence: length + more, at: 0, register: begin.register, ...named });
}
