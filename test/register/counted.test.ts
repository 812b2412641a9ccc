/** What a host's ledger has of a name: counted over all supervisors of one boot, and told to each of them. */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeRecord, lostSupervisor, MOST_LEDGER, replayLedger } from "../../packages/attest/src/register/index.ts";
import { LedgerReplay } from "../../packages/attest/src/register/replay.ts";
import { HostRegisters, type Told } from "../../packages/isoline/src/register/host-registers.ts";
import { Life } from "../../packages/isoline/src/register/lives.ts";
import { digest, fileOf, sample } from "../attest/ledger-sample.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { isBuilt } from "../support/isoline.ts";

const about = { mode: "watch", sensor: "seccomp", state: digest("state") } as const;
const departure: Told = { kind: "departure", process: 3, pid: 4711, point: digest("point") };
const loss: Told = { kind: "loss", reason: "a record was lost", count: 2 };

describe("a ledger", () => {
  const { records, drafts, naming } = sample();
  const replayed = () => {
    const replay = new LedgerReplay();
    for (const record of records) replay.add(record);
    return replay;
  };

  it("knows how many departures and losses it has, by name and in all", () => {
    const replay = replayed();
    const of = (label: string) => replay.recordedOf(naming.nameOf(label));
    expect([of("web"), of("cron"), of("db"), of("none"), replay.recordedInAll]).toEqual([
      { departures: 0, losses: 1 },
      { departures: 1, losses: 0 },
      { departures: 0, losses: 0 },
      { departures: 0, losses: 0 },
      { departures: 1, losses: 1 },
    ]);
  });

  it("has a third of its place at most for departures and losses, and a start with its end takes less than a kibibyte", () => {
    const most = { sequence: 2 ** 24, at: Date.now(), birth: 2 ** 24, register: drafts[1]!.register };
    const sizeOf = (told: object) => encodeRecord({ ...most, ...told } as never).length + 2;
    const [departed, lost] = [sizeOf(departure), sizeOf({ ...loss, reason: "x".repeat(256) })];
    expect(departed * 65_536 + lost * 16_384).toBeLessThan(MOST_LEDGER / 3);
    const birth = records.find((_, at) => drafts[at]?.kind === "birth")?.length ?? 0;
    const end = records.find((_, at) => drafts[at]?.kind === "end")?.length ?? 0;
    expect(birth + end).toBeLessThan(1024);
    expect(birth + end + sizeOf({ ...loss, reason: lostSupervisor.unproven })).toBeLessThan(1536);
    expect(replayLedger(fileOf(records)).length).toBe(records.length);
  });
});

describe.skipIf(needsSwtpm)("registers of a host (need swtpm and tpm2-tools)", () => {
  const tpm = new SoftwareTpm();
  const plan = { address: tpm.address, ledger: join(tpm.place, "ledger"), pcr: 13 };
  const registers = () => new HostRegisters(plan, 5000);
  const life = () => Life.begin(plan.ledger).path;
  beforeAll(() => tpm.start());
  afterAll(async () => {
    await tpm.close();
    rmSync(tpm.place, { recursive: true, force: true });
  });

  it("tell each run what the ledger has of its name, of runs before it and beside it", async () => {
    const [first, later] = [registers(), registers()];
    const web = await first.begin({ ...about, label: "web" }, life());
    expect(first.has(web)).toEqual({ ofName: { departures: 0, losses: 0 }, inAll: { departures: 0, losses: 0 } });
    await first.record(web, { ...departure });
    await first.record(web, { ...departure, process: 4 });
    await first.record(web, { ...loss });
    const again = await later.begin({ ...about, label: "web" }, life());
    expect(later.has(again).ofName).toEqual({ departures: 2, losses: 1 });
    await first.record(web, { ...departure, process: 5 });
    await later.record(again, { ...departure });
    expect(later.has(again).ofName).toEqual({ departures: 4, losses: 1 });
    const db = await later.begin({ ...about, label: "db" }, life());
    expect(later.has(db)).toEqual({ ofName: { departures: 0, losses: 0 }, inAll: { departures: 4, losses: 1 } });
    first.close();
    later.close();
  });

  it("have what a TPM did not take once, though others were recorded before it was tried again", async () => {
    const both = new HostRegisters(plan, 300);
    const [web, cron] = [
      await both.begin({ ...about, label: "late" }, life()),
      await both.begin({ ...about, label: "beside" }, life()),
    ];
    const [late, beside] = [{ ...departure }, { ...departure, process: 9 }];
    tpm.freeze(true);
    await expect(both.record(web, late)).rejects.toThrow("no answer within");
    tpm.freeze(false);
    await both.record(cron, beside);
    await both.record(web, late);
    expect([both.has(web).ofName, both.has(cron).ofName]).toEqual([
      { departures: 1, losses: 0 },
      { departures: 1, losses: 0 },
    ]);
    both.close();
  });

  it("begin anew for those that come after the TPM was reset, or the ledger taken away", async () => {
    const first = registers();
    expect(await first.isCurrent()).toBe(false);
    await first.begin({ ...about, label: "web" }, life());
    expect(await first.isCurrent()).toBe(true);
    renameSync(plan.ledger, `${plan.ledger}-away`);
    expect(await first.isCurrent()).toBe(false);
    renameSync(`${plan.ledger}-away`, plan.ledger);
    expect(await first.isCurrent()).toBe(true);
    first.close();
  });

  it.skipIf(!isBuilt)(
    "have what a namespace told, whose supervising thread is gone meanwhile (needs a build)",
    async () => {
      const built = new URL("../../packages/isoline/dist/register/", import.meta.url).href;
      const { Recorder } = (await import(
        `${built}recorder.js`
      )) as typeof import("../../packages/isoline/src/register/recorder.ts");
      const { RecorderThreads } = (await import(
        `${built}recorder-threads.js`
      )) as typeof import("../../packages/isoline/src/register/recorder-threads.ts");
      const threads = new RecorderThreads();
      const [port, other] = [threads.connect(plan), threads.connect(plan)];
      const gone = await Recorder.begin(plan, { ...about, label: "gone" }, port);
      const stays = await Recorder.begin(plan, { ...about, label: "stays" }, other);
      tpm.freeze(true);
      gone.send({ ...departure });
      stays.send({ ...departure });
      port.close();
      tpm.freeze(false);
      expect(stays.wait()).toBe(true);
      const seen = registers();
      const again = await seen.begin({ ...about, label: "gone" }, life());
      await expect
        .poll(async () => {
          await seen.record(again, { ...loss });
          return seen.has(again).ofName.departures;
        })
        .toBe(1);
      stays.close();
      seen.close();
    },
  );

  it.skipIf(!isBuilt)("tell it to the thread that supervises, with each record (needs a build)", async () => {
    const built = new URL("../../packages/isoline/dist/register/recorder.js", import.meta.url).href;
    const { Recorder } = (await import(built)) as typeof import("../../packages/isoline/src/register/recorder.ts");
    const begin = () => Recorder.begin(plan, { ...about, label: "batch" });
    const first = await begin();
    const before = first.inLedger;
    expect(before.ofName).toEqual({ departures: 0, losses: 0 });
    expect([first.record({ ...departure }), first.record({ ...loss })]).toEqual([true, true]);
    expect(first.inLedger.ofName).toEqual({ departures: 1, losses: 1 });
    first.close();
    const again = await begin();
    expect(again.inLedger.ofName).toEqual({ departures: 1, losses: 1 });
    expect(again.inLedger.inAll.departures).toBe(before.inAll.departures + 1);
    again.close();
  });
});
