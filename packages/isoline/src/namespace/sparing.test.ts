/** What of departures and losses a ledger is told of, however often a workload departs, and is started anew. */
import { describe, expect, it } from "vitest";
import type { InLedger } from "../register/host-registers.ts";
import { Sparing } from "./sparing.ts";

/** The ledger of a host: how many records it has, by name and in all. */
class Counted {
  readonly #names = new Map<string, { departures: number; losses: number }>();
  readonly inAll = { departures: 0, losses: 0 };

  of(name: string) {
    const ofName = this.#names.get(name) ?? { departures: 0, losses: 0 };
    this.#names.set(name, ofName);
    return ofName;
  }

  run(name: string): Sparing {
    return new Sparing((): InLedger => ({ ofName: this.of(name), inAll: this.inAll }));
  }

  /** So many processes of a run depart; gives which of them were recorded. */
  departures(name: string, count: number, run = this.run(name)): readonly number[] {
    return this.#told("departures", name, count, () => run.departed());
  }

  losses(name: string, count: number, reasonOf: (at: number) => string): readonly number[] {
    const run = this.run(name);
    return this.#told("losses", name, count, (at) => run.lost(reasonOf(at), 1) !== undefined);
  }

  #told(what: keyof InLedger["inAll"], name: string, count: number, isTold: (at: number) => boolean) {
    const told: number[] = [];
    for (let at = 1; at <= count; at++) {
      if (!isTold(at)) continue;
      told.push(at);
      this.of(name)[what] += 1;
      this.inAll[what] += 1;
    }
    return told;
  }
}

describe("departures in a ledger", () => {
  it("of one run are all there until they are many, and then those that double their number", () => {
    const told = new Counted().departures("web", 20_000);
    expect([told.length, ...told.slice(-3)]).toEqual([4098, 4096, 8192, 16_384]);
  });

  it("of a workload that is started anew again and again are the first of each run, and few more", () => {
    const ledger = new Counted();
    const runs = Array.from({ length: 200 }, () => ledger.departures("web", 5000));
    expect(runs[0]).toHaveLength(4096);
    expect(runs.slice(1)).toEqual(
      Array.from({ length: 199 }, () => [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]),
    );
    expect(ledger.departures("db", 100)).toHaveLength(100);
  });

  it("have a bound where each run has a name of its own, as a container that is made anew", () => {
    const ledger = new Counted();
    for (let run = 0; run < 200; run++) ledger.departures(`web-${run}`, 5000);
    expect(ledger.inAll.departures).toBeLessThan(65_536 + 200 * 13);
    expect(ledger.departures("db", 3)).toEqual([1, 2]);
  });

  it("of runs of one name beside each other share what there is", () => {
    const ledger = new Counted();
    const runs = Array.from({ length: 50 }, () => ledger.run("web"));
    for (let turn = 0; turn < 500; turn++) for (const run of runs) ledger.departures("web", 1, run);
    expect(ledger.of("web").departures).toBeLessThan(4096 + 50 * 10);
  });

  it("that a TPM does not take yet count as well", () => {
    const none = { departures: 0, losses: 0 };
    const run = new Sparing(() => ({ ofName: none, inAll: none }));
    const told = Array.from({ length: 10_000 }, () => run.departed()).filter((isTold) => isTold);
    expect(told).toHaveLength(4096 + 1);
  });
});

describe("losses in a ledger", () => {
  it("are told with their reason, and how many came since it was told last", () => {
    const run = new Counted().run("web");
    expect(["a", "a", "b", "a", "a"].map((reason) => run.lost(reason, 3))).toEqual([
      { reason: "a", count: 3 },
      { reason: "a", count: 3 },
      { reason: "b", count: 3 },
      undefined,
      { reason: "a", count: 6 },
    ]);
  });

  it("are of one reason where there are too many reasons", () => {
    const run = new Counted().run("web");
    const told = Array.from({ length: 100 }, (_, at) => run.lost(`reason ${at}`, 1)?.reason);
    const further = "for further reasons";
    expect(told.slice(63, 68)).toEqual(["reason 63", further, further, undefined, further]);
  });

  it("of a workload that is started anew again and again are the first of each run, and few more", () => {
    const ledger = new Counted();
    const runs = Array.from({ length: 100 }, () => ledger.losses("web", 1000, (at) => `reason ${at % 60}`));
    expect(runs[0]?.length).toBeGreaterThan(200);
    expect(runs.at(-1)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    expect(ledger.of("web").losses).toBeLessThan(1024 + 100 * 10);
    for (let run = 0; run < 200; run++) ledger.losses(`web-${run}`, 1000, (at) => `reason ${at % 60}`);
    expect(ledger.inAll.losses).toBeLessThan(16_384 + 300 * 10);
  });
});
