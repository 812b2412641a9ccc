/** What is recorded again after a failure, or by a supervisor that did not learn what happened meanwhile: it does nothing to others. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { replayLedger } from "../../packages/attest/src/register/index.ts";
import { commands, hierarchies } from "../../packages/attest/src/tpm/index.ts";
import { HostRegisters, type Registered, type Told } from "../../packages/isoline/src/register/host-registers.ts";
import { Life } from "../../packages/isoline/src/register/lives.ts";
import { digest } from "../attest/ledger-sample.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { hex } from "./supervised.ts";

const departure: Told = { kind: "departure", process: 3, pid: 4711, point: digest("point") };
const totals = { state: digest("state"), events: 12, off: 0, refused: 0, lost: 0 };
const end: Told = { kind: "end", measurement: digest("measurement"), ...totals };

describe.skipIf(needsSwtpm)("a record that is tried again (needs swtpm and tpm2-tools)", () => {
  let tpm: SoftwareTpm;
  let plan: ConstructorParameters<typeof HostRegisters>[0];
  const begun = async (label: string) => {
    const registers = new HostRegisters(plan, 5000);
    const about = { mode: "enforce", sensor: "seccomp", state: digest("state"), label } as const;
    return { registers, run: await registers.begin(about, Life.begin(plan.ledger).path) };
  };
  const ledgerOf = ({ ledger }: Registered) => replayLedger(readFileSync(ledger));
  const pcr = () => /0x([0-9A-F]{64})/.exec(tpm.tool("tpm2_pcrread", "sha256:13"))?.[1]?.toLowerCase();
  const indexes = () => tpm.tool("tpm2_getcap", "handles-nv-index").match(/0x1815[0-9a-f]{3}/gi) ?? [];

  beforeEach(async () => {
    tpm = new SoftwareTpm();
    plan = { address: tpm.address, ledger: join(tpm.place, "ledger"), pcr: 13 };
    await tpm.start();
  });
  afterEach(() => tpm.close());

  it("is an end whose register was removed, and the answer lost: the next run that has its index keeps its own", async () => {
    const [gone, told] = [await begun("web"), { ...end }];
    await gone.registers.record(gone.run, told);
    const next = await begun("db");
    expect(next.run.index).toBe(gone.run.index);
    await gone.registers.record(gone.run, told);
    await next.registers.record(next.run, { ...departure });
    expect([indexes(), pcr()]).toEqual([["0x1815000", "0x1815001"], hex(ledgerOf(next.run).births.value)]);
  });

  it("is an end whose register was removed by others: it is in the births' register, and nothing is left to try", async () => {
    const { registers, run } = await begun("web");
    await tpm.using((using) => using.run(commands.nvUndefine, {}, { handles: [hierarchies.owner, run.index] }));
    const told = { ...end };
    await expect(registers.record(run, told)).rejects.toThrow("there is nothing with this handle");
    await registers.record(run, told);
    expect([indexes(), pcr()]).toEqual([["0x1815000"], hex(ledgerOf(run).births.value)]);
    expect(ledgerOf(run).namespaces.get(run.birth)?.end).toBeDefined();
  });

  it("is none after a reset of the TPM: the births' register of the next ledger stays as it is", async () => {
    const before = await begun("web");
    await tpm.stop();
    await tpm.start();
    const after = await begun("db");
    for (const told of [departure, end])
      await expect(before.registers.record(before.run, told)).rejects.toMatchObject({ code: "bad-ledger" });
    // What is on disk before it is in the TPM is no more than one record.
    expect(ledgerOf(before.run)).toHaveLength(3);
    expect(pcr()).toBe(hex(ledgerOf(after.run).births.value));
    await after.registers.record(after.run, { ...end });
    expect(pcr()).toBe(hex(ledgerOf(after.run).births.value));
  });
});
