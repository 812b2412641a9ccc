/** Who holds the ledger, and for how long: what is long ago is replayed once, and not under the lock that births wait for. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LedgerReplay, replayLedger } from "../../packages/attest/src/register/index.ts";
import { KeptLedger } from "../../packages/isoline/src/attest/kept-ledger.ts";
import { makeEvidence } from "../../packages/isoline/src/attest/make-evidence.ts";
import { HostRegisters, type Told } from "../../packages/isoline/src/register/host-registers.ts";
import { LedgerFile, ledgerPath } from "../../packages/isoline/src/register/ledger-file.ts";
import { Life } from "../../packages/isoline/src/register/lives.ts";
import { digest, fileOf, sample, written } from "../attest/ledger-sample.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";

const departure: Told = { kind: "departure", process: 3, pid: 4711, point: digest("point") };

describe("a long ledger", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-kept-"));
  const ledgers = join(place, "ledger");
  const { drafts, shared } = sample();
  const guest = { register: shared.register, birth: 2 };
  const many = Array.from(
    { length: 2000 },
    (_, process) => ({ ...departure, ...guest, process }) as (typeof drafts)[number],
  );
  const records = written([...drafts, ...many]);

  beforeEach(() => {
    mkdirSync(ledgers, { recursive: true, mode: 0o700 });
    writeFileSync(ledgerPath(ledgers, 4), fileOf(records), { mode: 0o600 });
  });
  afterEach(() => rmSync(place, { recursive: true, force: true }));

  it("is replayed but for its end before the lock is waited for, and a wait that is over names all who may have it", async () => {
    const [own, other] = [LedgerFile.open(ledgers, 4), LedgerFile.open(ledgers, 4)];
    await other.locked(100, async () => {
      await own.catchUpAhead();
      expect(own.ledger.length).toBeGreaterThan(1000);
      expect(own.ledger.length).toBeLessThan(records.length);
      await expect(own.still(20, async () => {})).rejects.toThrow(
        /by another supervisor or by evidence that is being made/,
      );
    });
    const told = await own.still(100, async (bytes, ledger) => [Buffer.from(bytes), ledger?.length]);
    expect(told).toEqual([fileOf(records), records.length]);
    for (const each of [own, other]) each.close();
  });

  it("is read as it is, where its last record was taken back and another one came, and where half of one is left", async () => {
    const own = LedgerFile.open(ledgers, 4);
    const half = records.slice(0, 1500);
    writeFileSync(own.path, fileOf(half));
    await own.catchUpAhead();
    const others = written([...drafts, ...many.slice(0, 1499 - drafts.length), ...many.slice(1700)]);
    writeFileSync(own.path, Buffer.concat([fileOf(others), Buffer.from([0, 90, 1])]));
    const [bytes, value] = await own.still(100, async (read, ledger) => [Buffer.from(read), ledger?.births.value]);
    expect(bytes).toEqual(fileOf(others));
    expect(value).toEqual(replayLedger(fileOf(others)).births.value);
    own.close();
  });
});

describe.skipIf(needsSwtpm)("a node that makes evidence again and again (needs swtpm and tpm2-tools)", () => {
  let tpm: SoftwareTpm;
  beforeEach(async () => {
    tpm = new SoftwareTpm();
    process.env["ISOLINE_HOST_DIRECTORY"] = tpm.place;
    await tpm.start();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    delete process.env["ISOLINE_HOST_DIRECTORY"];
    await tpm.close();
  });

  it("replays what was added only, also where it closes runs that lost their supervisor", async () => {
    const plan = { address: tpm.address, ledger: join(tpm.place, "ledger"), pcr: 13 };
    const registers = new HostRegisters(plan, 5000);
    const about = { mode: "enforce", sensor: "seccomp", state: digest("state"), label: "web" } as const;
    const life = Life.begin(plan.ledger);
    const run = await registers.begin(about, life.path);
    for (let process = 0; process < 5; process++) await registers.record(run, { ...departure, process });
    const kept = new KeptLedger();
    const replayed = vi.spyOn(LedgerReplay.prototype, "add");
    const made = async () => {
      replayed.mockClear();
      const order = { challenge: digest("challenge"), tpm: plan.address, ledgers: plan.ledger };
      const { ledger = new Uint8Array() } = await makeEvidence(order, kept);
      const [name = ""] = readdirSync(plan.ledger).filter((each) => each.endsWith(".ledger"));
      expect(Buffer.from(ledger)).toEqual(readFileSync(join(plan.ledger, name)));
      const times = replayed.mock.calls.length;
      expect(kept.replayed(ledger).length).toBe(replayLedger(ledger).length);
      return times;
    };
    // The key that names is asked for by the first record.
    expect(await made()).toBe(7);
    expect(await made()).toBe(0);
    await registers.record(run, { ...departure, process: 9 });
    expect(await made()).toBe(1);
    life.end();
    registers.close();
    // That its supervisor was lost, and its end.
    expect(await made()).toBe(2);
    kept.close();
  });

  it("closes runs that lost their supervisor also where the ledger is long: its replay takes none of the time for that", async () => {
    const plan = { address: tpm.address, ledger: join(tpm.place, "ledger"), pcr: 13 };
    for (const label of ["web", "db"]) {
      const registers = new HostRegisters(plan, 5000);
      const life = Life.begin(plan.ledger);
      await registers.begin({ mode: "enforce", sensor: "seccomp", state: digest("state"), label }, life.path);
      life.end();
      registers.close();
    }
    // The first replay takes a minute.
    const replayed = vi.spyOn(LedgerFile.prototype, "catchUpAhead");
    const now = performance.now.bind(performance);
    vi.spyOn(performance, "now").mockImplementation(() => now() + (replayed.mock.calls.length > 0 ? 60_000 : 0));
    const remarks: string[] = [];
    const order = { challenge: digest("challenge"), tpm: plan.address, ledgers: plan.ledger };
    await makeEvidence({ ...order, onRemark: (what) => remarks.push(what) });
    expect(remarks).toEqual([expect.stringMatching(/are closed in the ledger now: 2$/)]);
  });
});
