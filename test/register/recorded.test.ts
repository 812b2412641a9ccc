/** A run that is recorded in a TPM: what is told there, when, and what the contour keeps. */
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commands, hierarchies, nvAttributes, type Tpm } from "../../packages/attest/src/tpm/index.ts";
import { needsSwtpm } from "../attest/swtpm.ts";
import { attachesByTracepoints } from "../bpf/attachment.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { hex, Recorded } from "./supervised.ts";

/** Defines indexes until there is no room for even a small one. */
async function fill(tpm: Tpm): Promise<number[]> {
  const filled: number[] = [];
  for (const dataSize of [2048, 256, 32])
    for (let hasRoom = true; hasRoom; ) {
      const index = 0x0150_0000 + filled.length;
      const attributes = nvAttributes.ownerRead | nvAttributes.ownerWrite;
      const area = { index, nameAlg: "sha256", attributes, authPolicy: new Uint8Array(), dataSize } as const;
      hasRoom = await tpm
        .run(commands.nvDefine, { auth: new Uint8Array(), public: area }, { handles: [hierarchies.owner] })
        .then(() => filled.push(index) > 0)
        .catch((fault: Error) => !fault.message.includes("TPM_RC_NV_SPACE"));
    }
  return filled;
}

const SCRIPT = "cat /etc/hostname > /dev/null";
/** Opens a file whose path is too long to be told of, each time a loss for the same reason. */
const LOSES = `python3 -I -S -c '
import os
for _ in range(17): os.mkdir("n" * 250); os.chdir("n" * 250)
for _ in range(40): os.close(os.open("file", os.O_CREAT | os.O_RDWR))
'`;
const sensors = isRoot && !attachesByTracepoints ? ["seccomp", "bpf"] : ["seccomp"];
const skips = needsSwtpm || !isBuilt;

describe.skipIf(skips)("a run that is recorded in a TPM (needs swtpm, tpm2-tools and a build)", () => {
  let host: Recorded;
  let state = "";
  beforeAll(async () => {
    host = new Recorded();
    await host.tpm.start();
    await host.run(["learn", "-o", "a.contour"], SCRIPT);
    ({ state } = host.report);
  });
  afterAll(() => host?.close());

  it("has a measurement that begins with what the machine was booted with, and a contour that is the same as without", async () => {
    const registers = Array.from({ length: 8 }, (_, number) => Buffer.from(host.pcr(number), "hex"));
    await host.run(["learn", "-o", "b.contour", ...host.options], SCRIPT);
    const { tpm, measurement, ...report } = host.report;
    expect(tpm?.aggregate).toBe(createHash("sha256").update(Buffer.concat(registers)).digest("hex"));
    expect(report.state).toBe(state);
    expect(readFileSync(host.at("b.contour"), "utf8")).toBe(readFileSync(host.at("a.contour"), "utf8"));
    expect(tpm?.measurement).not.toBe(measurement);
    expect(tpm?.state).not.toBe(state);
    expect(tpm).toMatchObject({ recorded: true, shared: false, pcr: 13, departures: 0, bootAggregate: null });
  });

  it("is in the ledger from birth to end, and the births' PCR says the same", async () => {
    const { status, stderr } = await host.run(["check", "a.contour", ...host.options], SCRIPT);
    expect([status, stderr]).toEqual([0, expect.stringContaining("recorded in the TPM: register ")]);
    const { ledger } = host;
    const facts = ledger.namespaces.get(host.report.tpm?.birth ?? -1);
    expect(facts?.birth).toMatchObject({
      kind: "birth",
      mode: "watch",
      sensor: "seccomp",
      name: expect.objectContaining({ length: 32 }),
    });
    expect(hex(facts?.birth.state)).toBe(state);
    expect(facts?.end).toMatchObject({ events: host.report.events, off: 0, lost: 0 });
    // The portable one, which evidence is compared with.
    expect(hex(facts?.end?.measurement)).toBe(host.report.measurement);
    expect(host.pcr(13)).toBe(hex(ledger.births.value));
  });

  it("is told of the first loss of a kind at once, and then of more as often as their number doubles", async () => {
    await host.run(["learn", "-o", "c.contour", ...host.options], LOSES);
    // Node cannot remove what is so deep.
    spawnSync("rm", ["-rf", host.at("n".repeat(250))]);
    const { tpm, incomplete } = host.report;
    expect(incomplete).toEqual([{ reason: "path not resolved (path-too-long)", count: 40 }]);
    const facts = host.ledger.namespaces.get(tpm?.birth ?? -1);
    // Of the 1st, 2nd, 4th, 8th, 16th and 32nd.
    expect(facts?.losses.map(({ count }) => count)).toEqual([1, 1, 2, 4, 8, 16]);
    expect(facts?.end).toMatchObject({ lost: 40 });
  });

  it.each(sensors)("has the first departure of a process before its call goes ahead, under %s", async (sensor) => {
    // What departs reads the register itself: by then its own departure must be in it, in the ledger and in the TPM.
    const look = `cp ${host.ledgerFile} seen; tpm2_nvread -C o 0x1815001 -s 32 -o value`;
    const tcti = `export TPM2TOOLS_TCTI=swtpm:path=${host.tpm.place}/socket`;
    const words = ["check", "a.contour", "--sensor", sensor, ...host.options];
    const { status } = await host.run(words, `${SCRIPT}; ${tcti}; ${look}`);
    expect(status).toBe(3);
    const { departures = [], end } = host.ledger.namespaces.get(host.report.tpm?.birth ?? -1) ?? {};
    expect(departures).toHaveLength(host.report.tpm?.departures ?? 0);
    expect(new Set(departures.map(({ process }) => process)).size).toBe(departures.length);
    expect(departures.map(({ pid }) => pid)).toContain(host.report.departures[0]?.pid);
    expect(end).toMatchObject({ off: host.report.off });
    // The register after the last departure is what its end says.
    expect(readFileSync(host.at("value")).toString("hex")).toBe(hex(end?.value));
    const seen = readFileSync(host.at("seen"));
    expect(departures.length).toBeGreaterThan(0);
    expect(seen.toString("hex")).toContain(hex(departures[0]?.point));
    expect(host.pcr(13)).toBe(hex(host.ledger.births.value));
  });

  it.skipIf(!attachesByTracepoints)("is refused under the bpf sensor where that cannot ask beforehand", async () => {
    const { status, stderr } = await host.run(["check", "a.contour", "--sensor", "bpf", ...host.options], SCRIPT);
    expect([status, stderr]).toEqual([125, expect.stringContaining("recording in a TPM beforehand")]);
  });

  it("shares a register where the TPM has no room, and is told apart by the ledger", async () => {
    const filled = await host.tpm.using(fill);
    const { status } = await host.run(
      ["check", "a.contour", ...host.options],
      `${SCRIPT}; cat /etc/passwd > /dev/null`,
    );
    await host.tpm.using(async (tpm) => {
      for (const index of filled) await tpm.run(commands.nvUndefine, {}, { handles: [hierarchies.owner, index] });
    });
    expect(status).toBe(3);
    expect(host.report.tpm).toMatchObject({ shared: true, recorded: true, departures: 1 });
    const { ledger } = host;
    const facts = ledger.namespaces.get(host.report.tpm?.birth ?? -1);
    expect(facts?.birth.kind).toBe("guest");
    expect(facts?.departures).toHaveLength(1);
    expect(host.register(0x0181_5000)).toBe(hex(ledger.registers.get(hex(facts?.register))?.value));
  });

  it("leaves no register behind but the shared one", () => {
    expect(host.tpm.tool("tpm2_getcap", "handles-nv-index").match(/0x1815[0-9a-f]{3}/gi)).toEqual(["0x1815000"]);
  });

  it("is the only one of its name: of two that start together, one ends before its birth", async () => {
    const births = host.ledger.namespaces.size;
    const script = "n=0; until [ -e over ] || [ $n -gt 600 ]; do n=$((n+1)); sleep 0.1; done; echo ran >> twins";
    const words = ["run", "a.contour", "--name", `twin-${process.pid}`, ...host.options, "--", "sh", "-c", script];
    const both = [1, 2].map(() => isoline(words, { cwd: host.place }));
    const first = await Promise.race(both);
    expect(first).toMatchObject({ status: 125, stderr: expect.stringContaining("already") as string });
    writeFileSync(host.at("over"), "");
    expect(new Set((await Promise.all(both)).map(({ status }) => status))).toEqual(new Set([0, 125]));
    expect(readFileSync(host.at("twins"), "utf8")).toBe("ran\n");
    expect(host.ledger.namespaces.size).toBe(births + 1);
  });

  it("does not begin without a control socket, at which evidence asks for it", async () => {
    const births = host.ledger.namespaces.size;
    const deep = host.at("d".repeat(100));
    mkdirSync(join(deep, "run"), { recursive: true, mode: 0o700 });
    const words = ["check", "a.contour", ...host.options, "--", "touch", "started"];
    const { status, stderr } = await isoline(words, { cwd: host.place, env: { ISOLINE_HOST_DIRECTORY: deep } });
    expect([status, stderr]).toEqual([2, expect.stringContaining("too long for a socket")]);
    expect(existsSync(host.at("started"))).toBe(false);
    expect(host.ledger.namespaces.size).toBe(births);
  });

  it("does not start where the TPM cannot be used, or with a PCR that programs can reset", async () => {
    const nowhere = ["--tpm", "unix:/nowhere/tpm", "--tpm-ledger", host.at("ledger")];
    const refused = await host.run(["check", "a.contour", ...nowhere], "touch started");
    expect([refused.status, refused.stderr]).toEqual([
      125,
      expect.stringContaining("cannot use the TPM at unix:/nowhere"),
    ]);
    const usage = await host.run(["check", "a.contour", ...host.options, "--tpm-pcr", "16"], "touch started");
    expect([usage.status, usage.stderr]).toEqual([2, expect.stringContaining("programs can reset")]);
    expect(spawnSync("ls", [host.place], { encoding: "utf8" }).stdout).not.toContain("started");
  });
});
