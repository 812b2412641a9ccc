/** Runs whose supervisor ended without recording an end: closed in the ledger where it is proven that it is gone, and only there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AttestError } from "../../packages/attest/src/error.ts";
import { bear, defineRegister, extendRegister } from "../../packages/attest/src/birth/index.ts";
import {
  encodeRecord,
  type Ledger,
  type LedgerRecord,
  lossOfSupervisor,
  lostSupervisor,
  replayLedger,
} from "../../packages/attest/src/register/index.ts";
import { commands, hierarchies, nvAttributes } from "../../packages/attest/src/tpm/index.ts";
import { HostRegisters, type Registered, type Told } from "../../packages/isoline/src/register/host-registers.ts";
import { LedgerFile } from "../../packages/isoline/src/register/ledger-file.ts";
import { isFree, Life, lostLives } from "../../packages/isoline/src/register/lives.ts";
import { closeLostRuns } from "../../packages/isoline/src/register/lost-runs.ts";
import { digest } from "../attest/ledger-sample.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { isBuilt } from "../support/isoline.ts";
import { hex } from "./supervised.ts";

const about = { mode: "enforce", sensor: "seccomp", state: digest("state") } as const;
const departure: Told = { kind: "departure", process: 3, pid: 4711, point: digest("point") };
const checkpoint: Told = { kind: "checkpoint", measurement: digest("measurement"), points: 7, events: 12 };
const totals = { state: digest("state"), off: 0, refused: 0, lost: 0 };
const end: Told = { kind: "end", measurement: digest("measurement"), events: 12, ...totals };
const LIVES = new URL("../../packages/isoline/dist/register/lives.js", import.meta.url).href;

const RECORDER = new URL("../../packages/isoline/dist/register/recorder.js", import.meta.url).href;

/** One run, its registers and its life. */
interface Run {
  readonly registers: HostRegisters;
  readonly run: Registered;
  readonly life: Life;
}

describe.skipIf(needsSwtpm)("a run that lost its supervisor (needs swtpm and tpm2-tools)", () => {
  let tpm: SoftwareTpm;
  let plan: ConstructorParameters<typeof HostRegisters>[0];
  const begun = async (label: string): Promise<Run> => {
    const registers = new HostRegisters(plan, 5000);
    const life = Life.begin(plan.ledger);
    return { registers, life, run: await registers.begin({ ...about, label }, life.path) };
  };
  /** As when the thread that supervises it and the one that records it end. */
  const goes = ({ registers, life }: Pick<Run, "registers" | "life">) => {
    life.end();
    registers.close();
  };
  const path = () => join(plan.ledger, readdirSync(plan.ledger).find((name) => name.endsWith(".ledger")) ?? "none");
  const ledger = (): Ledger => replayLedger(readFileSync(path()));
  const close = (withinMs = Number.POSITIVE_INFINITY) => closeLostRuns(plan, path(), withinMs);
  const pcr = () => /0x([0-9A-F]{64})/.exec(tpm.tool("tpm2_pcrread", "sha256:13"))?.[1]?.toLowerCase();
  const indexes = () => tpm.tool("tpm2_getcap", "handles-nv-index").match(/0x1815[0-9a-f]{3}/gi) ?? [];
  const lives = () => readdirSync(join(plan.ledger, "lives"));
  const lossOf = ({ birth }: Registered) => lossOfSupervisor(ledger().namespaces.get(birth) ?? { losses: [] })?.reason;

  beforeEach(async () => {
    tpm = new SoftwareTpm();
    plan = { address: tpm.address, ledger: join(tpm.place, "ledger"), pcr: 13 };
    await tpm.start();
  });
  afterEach(() => tpm.close());

  it("is closed with what its records had, once nothing holds its life; its register is given back", async () => {
    const [gone, live] = [await begun("web"), await begun("db")];
    for (const told of [checkpoint, departure]) await gone.registers.record(gone.run, told);
    expect(await close()).toMatchObject({ closed: 0, left: 0 });
    expect(ledger().length).toBe(5);
    gone.life.end();
    // What it told may be recorded still.
    expect(await close()).toMatchObject({ closed: 0, left: 0 });
    gone.registers.close();
    expect(await close()).toMatchObject({ closed: 1, left: 0 });
    const facts = ledger().namespaces.get(gone.run.birth);
    expect(facts?.losses).toMatchObject([{ reason: lostSupervisor.recorded, count: 1 }]);
    expect(facts?.end).toMatchObject({ measurement: digest("measurement"), events: 12, off: 1, lost: 1 });
    expect([hex(facts?.end?.state), pcr()]).toEqual([hex(digest("state")), hex(ledger().births.value)]);
    expect([indexes(), lives().length]).toEqual([["0x1815000", "0x1815002"], 1]);
    // The other goes on, and ends as ever. Also where a program was told that it is gone.
    const [name = ""] = lives();
    const [, birth, extension = ""] = name.split(".");
    const told = { path: join(plan.ledger, "lives", name), birth: Number(birth), extension };
    expect(await new HostRegisters(plan, 5000).closeLost(told)).toBe(false);
    expect(ledger().namespaces.get(live.run.birth)).toMatchObject({ losses: [], end: undefined });
    await live.registers.record(live.run, { ...departure });
    await live.registers.record(live.run, { ...end });
    expect(await close()).toMatchObject({ closed: 0, left: 0 });
    expect([pcr(), indexes(), lives()]).toEqual([hex(ledger().births.value), ["0x1815000"], []]);
  });

  it.skipIf(!isBuilt)(
    "is one where the thread that supervised has ended, though its process lives on (needs a build)",
    async () => {
      await begun("first");
      const script = `import(${JSON.stringify(LIVES)}).then(({ Life }) => {
      require("node:worker_threads").parentPort.postMessage(Life.begin(${JSON.stringify(plan.ledger)}).path);
      setInterval(() => {}, 1000);
    })`;
      const supervisor = new Worker(script, { eval: true });
      const [life] = (await once(supervisor, "message")) as [string];
      const registers = new HostRegisters(plan, 5000);
      const { birth } = await registers.begin({ ...about, label: "web" }, life);
      registers.close();
      expect(await close()).toMatchObject({ closed: 0 });
      await supervisor.terminate();
      expect(await close()).toMatchObject({ closed: 1 });
      expect(ledger().namespaces.get(birth)?.end).toMatchObject({ lost: 1 });
    },
  );

  it.skipIf(!isBuilt)("is none while a supervisor hangs, and is one when that is killed (needs a build)", async () => {
    await begun("first");
    const script = `import(${JSON.stringify(LIVES)}).then(({ Life }) => {
      console.log(Life.begin(${JSON.stringify(plan.ledger)}).path);
      setInterval(() => {}, 1000);
    })`;
    const supervisor = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    const ends = once(supervisor, "exit");
    const [life] = (await once(supervisor.stdout, "data")) as [Buffer];
    const registers = new HostRegisters(plan, 5000);
    const { birth } = await registers.begin({ ...about, label: "web" }, life.toString().trim());
    registers.close();
    supervisor.kill("SIGSTOP");
    const whileItHangs = await close();
    supervisor.kill("SIGKILL");
    await ends;
    expect(whileItHangs).toMatchObject({ closed: 0 });
    expect(await close()).toMatchObject({ closed: 1 });
    expect(ledger().namespaces.get(birth)?.end).toBeDefined();
  });

  /** A record that reached the disk, and not the TPM: who wrote it was killed. */
  const written = ({ birth, register }: Registered, told: Told) => {
    const file = LedgerFile.open(plan.ledger, ledger().begin.resetCount);
    file.catchUp();
    const { value } = file.ledger.register(register);
    const record = { sequence: file.ledger.length, at: Date.now(), birth, register, ...told };
    file.append(encodeRecord({ ...record, ...(told.kind === "end" && { value }) } as LedgerRecord));
    file.close();
  };
  const loss: Told = { kind: "loss", reason: lostSupervisor.recorded, count: 1 };

  it.each([
    ["the loss", [loss]],
    ["the end", [loss, end]],
  ])("is closed once, also where who closed it was killed when %s was written and not extended", async (_, records) => {
    const [gone, other] = [await begun("web"), await begun("db")];
    const { run } = gone;
    goes(gone);
    for (const told of records) {
      written(run, told);
      // The TPM has what is before the last one.
      if (told !== records.at(-1)) await other.registers.record(other.run, { ...departure });
    }
    expect(await close()).toMatchObject({ closed: 1, left: 0 });
    const facts = ledger().namespaces.get(run.birth);
    expect([facts?.losses.length, facts?.end?.kind, pcr()]).toEqual([1, "end", hex(ledger().births.value)]);
    expect([indexes(), lives().length]).toEqual([["0x1815000", "0x1815002"], 1]);
    await other.registers.record(other.run, { ...departure });
    expect(pcr()).toBe(hex(ledger().births.value));
  });

  it.each(["deleted", "extended by others", "made anew by others", "never begun"] as const)(
    "says that its register proves nothing where that was %s, and leaves what others have",
    async (how) => {
      const gone = await begun("web");
      const { registers, run } = gone;
      await registers.record(run, departure);
      await tpm.using(async (using) => {
        const register = ledger().registers.get(hex(run.register));
        if (how === "extended by others" && register !== undefined)
          return extendRegister(using, register, digest("else"));
        const { public: area } = await using.run(commands.nvReadPublic, {}, { handles: [run.index] });
        await using.run(commands.nvUndefine, {}, { handles: [hierarchies.owner, run.index] });
        const unwritten = { ...area, attributes: (area.attributes & ~nvAttributes.written) >>> 0 };
        if (how === "never begun")
          await using.run(
            commands.nvDefine,
            { auth: new Uint8Array(), public: unwritten },
            { handles: [hierarchies.owner] },
          );
        const made = how === "made anew by others" ? await defineRegister(using) : undefined;
        if (made !== undefined) await bear(using, made, digest("else"));
      });
      goes(gone);
      expect(await close()).toMatchObject({ closed: 1 });
      expect(lossOf(run)).toBe(lostSupervisor.unproven);
      expect(pcr()).toBe(hex(ledger().births.value));
      expect(indexes()).toEqual(how === "made anew by others" ? ["0x1815000", "0x1815001"] : ["0x1815000"]);
      // The host goes on.
      const next = await begun("web");
      await next.registers.record(next.run, { ...departure });
      expect(pcr()).toBe(hex(ledger().births.value));
    },
  );

  it("is not one that was born without a life, as by an earlier isoline; a life without a birth is removed", async () => {
    const gone = await begun("web");
    const { run } = gone;
    goes(gone);
    rmSync(join(plan.ledger, "lives"), { recursive: true });
    expect(await close()).toMatchObject({ closed: 0, left: 0 });
    const next = await begun("db");
    const stale = lives()[0]?.replace(/\.\d+\./, ".1.") ?? "";
    writeFileSync(join(plan.ledger, "lives", stale), "");
    expect([isFree(join(plan.ledger, "lives", stale)), await close()]).toMatchObject([true, { closed: 1 }]);
    const { namespaces } = ledger();
    expect([run, next.run].map(({ birth }) => namespaces.get(birth)?.end)).toEqual([undefined, undefined]);
    expect(lives()).toHaveLength(1);
  });

  it("has nothing written behind it by a supervisor that goes on all the same", async () => {
    const { registers, run, life } = await begun("web");
    life.end();
    registers.leave(run.birth);
    expect(await close()).toMatchObject({ closed: 1 });
    for (const told of [departure, end]) await expect(registers.record(run, told)).rejects.toThrow("is over");
    expect(ledger().length).toBe(4);
  });

  it("waits for the next time where the TPM is away, and all but the first where there is no time left", async () => {
    for (const label of ["web", "db", "cache"]) goes(await begun(label));
    tpm.hide(true);
    expect(await close()).toMatchObject({ closed: 0, left: 3, fault: { code: "tpm-unreachable" } });
    tpm.hide(false);
    expect(await close(0)).toMatchObject({ closed: 1, left: 2, fault: undefined });
    expect(ledger().length).toBe(6);
    expect(await close()).toMatchObject({ closed: 2, left: 0 });
  });

  it("keeps no other open where it cannot be closed itself", async () => {
    for (const label of ["web", "db", "cache"]) goes(await begun(label));
    const refusal = new AttestError("tpm-refused", "the TPM refused something of this run");
    const first = vi.spyOn(HostRegisters.prototype, "closeLost").mockRejectedValueOnce(refusal);
    expect(await close()).toMatchObject({ closed: 2, left: 1, fault: refusal });
    first.mockRestore();
    expect([...ledger().namespaces.values()].map(({ end }) => end === undefined)).toEqual([true, false, false]);
    expect(await close()).toMatchObject({ closed: 1, left: 0, fault: undefined });
  });

  it("has a register that may hold anything, and no other run of its number has: a ledger that does not fit is said", async () => {
    const { run } = await begun("web");
    const register = ledger().registers.get(hex(run.register));
    await tpm.using((using) => extendRegister(using, register as NonNullable<typeof register>, digest("else")));
    const stale = lives()[0]?.replace(/[0-9a-f]{64}$/, "0".repeat(64)) ?? "";
    writeFileSync(join(plan.ledger, "lives", stale), "");
    expect(await close()).toMatchObject({ closed: 0, left: 1, fault: { code: "bad-ledger" } });
  });

  it("is one whose birth was written, and not taken by the TPM", async () => {
    await begun("db");
    const { size } = statSync(path());
    const life = Life.begin(plan.ledger);
    const registers = new HostRegisters(plan, 300);
    const beginning = registers.begin({ ...about, label: "web" }, life.path).catch((fault: unknown) => fault);
    while (statSync(path()).size === size) await setImmediate();
    tpm.freeze(true);
    expect(await beginning).toMatchObject({ code: "tpm-unreachable" });
    tpm.freeze(false);
    life.end();
    expect(await close()).toMatchObject({ closed: 1, left: 0 });
    const [, web] = ledger().namespaces.values();
    expect([web?.end?.lost, pcr(), indexes().length]).toEqual([1, hex(ledger().births.value), 2]);
  });

  it.skipIf(!isBuilt)(
    "is none whose end was owed when it was over: it is recorded when the TPM is back (needs a build)",
    async () => {
      const { Recorder } = (await import(RECORDER)) as typeof import("../../packages/isoline/src/register/recorder.ts");
      const recorder = await Recorder.begin(plan, { ...about, label: "web" });
      tpm.hide(true);
      expect(recorder.record({ ...end })).toBe(false);
      recorder.close();
      expect(lostLives(path())).toEqual([]);
      tpm.hide(false);
      await expect.poll(() => [ledger().length, lives().length], { timeout: 20_000 }).toEqual([3, 0]);
      expect(ledger().namespaces.get(recorder.registered.birth)).toMatchObject({ losses: [], end: { lost: 0 } });
    },
  );

  it("of an earlier boot leaves nothing when the next ledger begins, and nor does one that ended before its birth", async () => {
    goes(await begun("web"));
    const [name = ""] = lives();
    writeFileSync(join(plan.ledger, "lives", "new.0"), "");
    const beginning = Life.begin(plan.ledger);
    const older = join(plan.ledger, "lives", name.replace(/^[0-9a-f]{8}/, "00000000"));
    writeFileSync(older, "");
    await tpm.stop();
    await tpm.start();
    await begun("web");
    expect(existsSync(older)).toBe(false);
    expect(lives().filter((each) => each.startsWith("new."))).toEqual([basename(beginning.path)]);
  });
});
