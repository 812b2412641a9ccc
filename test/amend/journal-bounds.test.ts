/** A journal is bounded, and what does not fit is said; one that is removed while its namespace lives is written anew. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Journal } from "../../packages/isoline/src/control/journal.ts";
import { readJournalOf } from "../../packages/isoline/src/library/amend/journal-file.ts";
import { EndedDepartures } from "../../packages/isoline/src/namespace/ended-departures.ts";
import type { DepartureReport, RunReport } from "../../packages/isoline/src/namespace/report.ts";
import type { Ask, Request } from "../../packages/isoline/src/namespace/requests.ts";

let place = "";
const kept = () => join(place, "isoline/isoline-kept");
const at = (file: string) => join(kept(), file);
const about = { name: "web", command: "node", contour: "/web.contour" };
const contour = { profile: "iso1", policy: "p", state: "s" };
const departure = (act: string, count = 1) => ({ act, count, refused: 0, last: "now" }) as DepartureReport;
const lines = () =>
  readFileSync(at("web.journal"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const acts = () => lines().flatMap(({ act }) => (act === undefined ? [] : [act]));

/** A namespace with these departures, as its supervisor answers for it. */
function begun(departures: readonly DepartureReport[], mostBytes?: number): Journal {
  const answers: Readonly<Record<string, (request: Request) => unknown>> = {
    contour: () => contour,
    departures: (request) =>
      departures.slice((request as { from: number }).from, (request as { from: number }).from + 2),
    recount: () => departures,
  };
  const ask = (async (request: Request) => answers[request.ask]?.(request)) as Ask;
  return new Journal(about, ask, () => departures.reduce((sum, { count }) => sum + count, 0), mostBytes);
}
const reportOf = (departures: readonly DepartureReport[], incomplete: RunReport["incomplete"] = []) =>
  ({ ...contour, departures, incomplete }) as unknown as RunReport;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-journal-"));
  vi.stubEnv("XDG_RUNTIME_DIR", place);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(place, { recursive: true, force: true });
});

describe("a journal", () => {
  it("holds departures up to a size, and says at its end how many are not there", async () => {
    const found = Array.from({ length: 9 }, (_, number) => departure(`act ${number} ${"x".repeat(200)}`));
    const journal = begun(found, 1000);
    await journal.note();
    expect(acts().length).toBeGreaterThan(2);
    expect(await journal.end(reportOf(found))).toBeUndefined();
    const told = acts().length;
    expect(told).toBeLessThan(5);
    expect(lines().slice(-2)).toEqual([
      { incomplete: [{ reason: expect.stringContaining("not in the journal"), count: 9 - told }] },
      { ended: expect.any(String) },
    ]);
  });

  /** The report of a namespace that ended beside others: the heap of the agent had room for so many letters. */
  const cutReport = (found: readonly DepartureReport[], letters: number, incomplete: RunReport["incomplete"] = []) => {
    const heap = { most: letters, used: 0 };
    new EndedDepartures(heap).take([whole(departure("another"))]);
    const ended = new EndedDepartures(heap);
    ended.hasJournal = true;
    ended.take(found.map(whole));
    return reportOf(ended.departures, [...incomplete, ...ended.losses]);
  };
  const whole = (each: DepartureReport): DepartureReport => ({ ...each, why: "", chain: [] });
  const missing = () => lines().flatMap(({ incomplete }) => (incomplete as RunReport["incomplete"] | undefined) ?? []);

  it("says what is neither in it nor in a report that was cut, of a run that was over before it was written", async () => {
    const found = Array.from({ length: 9 }, (_, number) => departure(`act ${number}`));
    const report = cutReport(found, 10_000, [{ reason: "events were lost", count: 3 }]);
    expect(report.departures.length).toBeLessThan(9);
    expect(await begun([]).end(report)).toBeUndefined();
    expect(acts()).toHaveLength(report.departures.length);
    expect(missing()).toEqual([
      { reason: "events were lost", count: 3 },
      { reason: expect.stringContaining("neither in it nor in a report"), count: 9 - acts().length },
    ]);
  });

  it("says nothing is missing that it has, though the report was cut, and of how many the counts are old", async () => {
    const found = Array.from({ length: 9 }, (_, number) => departure(`act ${number}`));
    const journal = begun(found);
    await journal.note();
    const report = cutReport(found, 0);
    expect(report.departures).toEqual([]);
    await journal.end(report);
    expect(acts()).toHaveLength(9);
    expect(missing()).toEqual([{ reason: expect.stringContaining("count and time are as they were"), count: 9 }]);
  });

  it("says what did not fit into it also where the report is shorter than it is", async () => {
    const found = Array.from({ length: 9 }, (_, number) => departure(`act ${number} ${"x".repeat(200)}`));
    const journal = begun(found, 1000);
    await journal.note();
    await journal.end(cutReport(found, 0));
    const told = acts().length;
    expect(told).toBeGreaterThan(2);
    expect(missing()[0]).toEqual({
      reason: expect.stringMatching(/beyond 1000 bytes .* did not have them all either/),
      count: 9 - told,
    });
  });

  it("is written anew, whole, where it was removed meanwhile", async () => {
    const found = [departure("one")];
    const journal = begun(found);
    await journal.note();
    rmSync(at("web.journal"));
    found.push(departure("two"), departure("three"), departure("four"));
    await journal.note();
    expect(acts()).toEqual(["one", "two", "three", "four"]);
    rmSync(at("web.journal"));
    expect(await journal.end(reportOf(found))).toBeUndefined();
    expect(acts()).toEqual(["one", "two", "three", "four"]);
  });

  it("says what could not be observed, also of a run without departures", async () => {
    const incomplete = [{ reason: "events were lost", count: 3 }];
    expect(await begun([]).end(reportOf([], incomplete))).toBeUndefined();
    expect(lines()).toMatchObject([{ isoline: 1, name: "web" }, { incomplete }, { ended: expect.any(String) }]);
    rmSync(at("web.journal"));
    await begun([]).end(reportOf([]));
    expect(existsSync(at("web.journal"))).toBe(false);
  });

  it("makes room among those of namespaces that have ended, and never among the live", async () => {
    mkdirSync(kept(), { recursive: true, mode: 0o700 });
    for (let number = 0; number < 80; number++) {
      writeFileSync(at(`old${number}.journal`), "");
      utimesSync(at(`old${number}.journal`), 1000 + number, 1000 + number);
    }
    writeFileSync(join(place, "isoline/old0.sock"), "");
    await begun([departure("one")]).note();
    const left = readdirSync(kept());
    expect(left.filter((name) => name.startsWith("old"))).toHaveLength(64);
    expect(left).toEqual(expect.arrayContaining(["old0.journal", "old79.journal", "web.journal"]));
    expect(left).not.toContain("old1.journal");
  });

  it("does not go by links: what lies there in its place is left alone", async () => {
    mkdirSync(kept(), { recursive: true, mode: 0o700 });
    const journal = begun([departure("one")]);
    writeFileSync(join(place, "victim"), "precious");
    symlinkSync(join(place, "victim"), at("web.journal"));
    await journal.note();
    expect(acts()).toEqual(["one"]);
    expect(readFileSync(join(place, "victim"), "utf8")).toBe("precious");
  });

  it.each([
    ["a link", () => symlinkSync("/etc/passwd", at("web.journal"))],
    ["a pipe", () => execFileSync("mkfifo", [at("web.journal")])],
    ["a directory", () => mkdirSync(at("web.journal"))],
  ])("is not read where %s lies in its place", (_, lay) => {
    mkdirSync(kept(), { recursive: true, mode: 0o700 });
    lay();
    expect(() => readJournalOf("web")).toThrow(
      /expected a journal, found (?:a symbolic link|no regular file|a directory)/,
    );
  });
});
