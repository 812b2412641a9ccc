/** A disk that refuses something of one run: neither the evidence of the node nor the TPM pays for it, nor the runs beside it. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { replayLedger } from "../../packages/attest/src/register/index.ts";
import { readEvidence, readNodeBody } from "../../packages/attest/src/evidence/index.ts";
import { makeEvidence } from "../../packages/isoline/src/attest/make-evidence.ts";
import { CliError } from "../../packages/isoline/src/error.ts";
import { HostRegisters, type Told } from "../../packages/isoline/src/register/host-registers.ts";
import { LedgerFile } from "../../packages/isoline/src/register/ledger-file.ts";
import { Life } from "../../packages/isoline/src/register/lives.ts";
import { digest } from "../attest/ledger-sample.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { ended, isBuilt, isolineProgram } from "../support/isoline.ts";

const about = { mode: "enforce", sensor: "seccomp", state: digest("state") } as const;
const totals = { state: digest("state"), off: 0, refused: 0, lost: 0 };
const end: Told = { kind: "end", measurement: digest("measurement"), events: 12, ...totals };

describe.skipIf(needsSwtpm)("a disk that refuses (needs swtpm and tpm2-tools)", () => {
  let tpm: SoftwareTpm;
  let plan: ConstructorParameters<typeof HostRegisters>[0];
  const begun = async (registers: HostRegisters, label: string) => {
    const life = Life.begin(plan.ledger);
    try {
      return { life, run: await registers.begin({ ...about, label }, life.path) };
    } catch (fault) {
      life.end();
      throw fault;
    }
  };
  const lives = () => readdirSync(join(plan.ledger, "lives")).map((name) => join(plan.ledger, "lives", name));
  /** As a file that cannot be removed: root may remove every file, and no directory in this way. */
  const stuck = (path: string) => {
    rmSync(path);
    mkdirSync(path);
  };
  const ledger = () => {
    const [name = ""] = readdirSync(plan.ledger).filter((each) => each.endsWith(".ledger"));
    return replayLedger(readFileSync(join(plan.ledger, name)));
  };
  const indexes = () => tpm.tool("tpm2_getcap", "handles-nv-index").match(/0x1815[0-9a-f]{3}/gi) ?? [];

  beforeEach(async () => {
    tpm = new SoftwareTpm();
    plan = { address: tpm.address, ledger: join(tpm.place, "ledger"), pcr: 13 };
    process.env["ISOLINE_HOST_DIRECTORY"] = tpm.place;
    await tpm.start();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    delete process.env["ISOLINE_HOST_DIRECTORY"];
    await tpm.close();
  });

  it("to remove what shows that a supervisor lived: the node makes evidence, which says so, and the other runs are closed", async () => {
    const [one, other] = [new HostRegisters(plan, 5000), new HostRegisters(plan, 5000)];
    const runs = [await begun(one, "web"), await begun(other, "db")];
    for (const { life } of runs) life.end();
    for (const registers of [one, other]) registers.close();
    const [first = ""] = lives().sort();
    stuck(first);
    const remarks: string[] = [];
    const order = { challenge: digest("challenge"), tpm: plan.address, ledgers: plan.ledger };
    const { node } = await makeEvidence({ ...order, onRemark: (what) => remarks.push(what) });
    expect(readNodeBody(node).losses).toEqual([
      "runs that lost their supervisor and have no end in the ledger yet: 1 (cannot-write)",
    ]);
    expect(remarks.at(-1)).toMatch(/could not be closed: 1; .*lives.*: .*its run is over, so remove it$/);
    expect([...ledger().namespaces.values()].filter(({ end: over }) => over === undefined)).toEqual([]);
    expect(lives()).toEqual([first]);
  });

  it.skipIf(!isBuilt || process.getuid?.() !== 0)(
    "to take anything more: the node makes evidence, which says what could not be closed (needs root and a build)",
    async () => {
      const [gone, other] = [new HostRegisters(plan, 5000), new HostRegisters(plan, 5000)];
      const { life } = await begun(gone, "web");
      const { run } = await begun(other, "db");
      life.end();
      gone.close();
      const [name = ""] = readdirSync(plan.ledger).filter((each) => each.endsWith(".ledger"));
      // Half of a record, of a supervisor that ended while it wrote.
      appendFileSync(join(plan.ledger, name), Buffer.from([0, 90, 1]));
      const before = readFileSync(join(plan.ledger, name));
      const script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
      const words = ["attest", "evidence", "--challenge", "c4".repeat(32), "-o", join(tpm.place, "node.cbor")];
      const place = ["--tpm", plan.address, "--tpm-ledger", plan.ledger];
      const env = { ISOLINE_HOST_DIRECTORY: tpm.place };
      const mounted = ["--mount", "sh", "-c", script, plan.ledger, isolineProgram, ...words, ...place];
      const { status, stderr } = await ended("unshare", mounted, { cwd: tpm.place, env });
      expect([stderr, status]).toEqual([expect.stringMatching(/could not be closed: 1; .*read-only file system/), 0]);
      const { node, ledger: told } = readEvidence(readFileSync(join(tpm.place, "node.cbor")));
      expect(readNodeBody(node).losses).toEqual([
        expect.stringContaining("no end in the ledger yet: 1 (cannot-write)"),
      ]);
      expect(readFileSync(join(plan.ledger, name))).toEqual(before);
      expect(Buffer.from(told ?? [])).toEqual(before.subarray(0, -3));
      // With a disk that takes it again, what was half written makes room for what comes.
      await other.record(run, { ...end });
      expect(ledger().namespaces.get(run.birth)?.end).toBeDefined();
      other.close();
    },
  );

  it("the same of a run that ends: its end is recorded once, and not tried for ever", async () => {
    const registers = new HostRegisters(plan, 5000);
    const { run } = await begun(registers, "web");
    const [path = ""] = lives();
    stuck(path);
    const told = { ...end };
    await expect(registers.record(run, told)).rejects.toMatchObject({ code: "cannot-write" });
    await registers.record(run, told);
    expect([ledger().length, indexes()]).toEqual([3, ["0x1815000"]]);
    registers.close();
  });

  it("the record of a birth: its register is given back to the TPM, as often as that is tried", async () => {
    const registers = new HostRegisters(plan, 5000);
    await begun(registers, "web");
    const before = indexes();
    const full = vi.spyOn(LedgerFile.prototype, "append").mockImplementation(() => {
      throw new CliError("cannot-write", "no space left on device");
    });
    for (let tries = 0; tries < 3; tries++)
      await expect(begun(registers, "db")).rejects.toMatchObject({ code: "cannot-write" });
    expect(indexes()).toEqual(before);
    full.mockRestore();
    const { run } = await begun(registers, "db");
    expect([run.isShared, indexes().length]).toEqual([false, before.length + 1]);
    registers.close();
  });
});
