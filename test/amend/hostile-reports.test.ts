/** A report is input from outside: whatever is wrong with it, it is refused with one line, and the contour stays as it was. */
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IsolineError } from "@isoline/core/error";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accept } from "../../packages/isoline/src/library/amend/accept.ts";
import { readReport } from "../../packages/isoline/src/library/amend/report-file.ts";
import { isBuilt, isoline } from "../support/isoline.ts";

let place = "";
const at = (name: string) => join(place, name);
const run = (...args: readonly string[]) => isoline([...args], { cwd: place });

const acceptFrom = async (contour: string, report: string) => accept(at(contour), readReport(at(report)));

interface Open {
  [member: string]: unknown;
  departures: { [member: string]: unknown }[];
}
let text = "";
const copy = () => JSON.parse(text) as Open;

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), "isoline-hostile-"));
  copyFileSync("/bin/cat", at("show"));
  writeFileSync(at("one"), "1");
  writeFileSync(at("work.sh"), "./show one > /dev/null\n./show one > /dev/null\n");
  await run("learn", "-q", "-o", "a.contour", "--", "sh", "work.sh");
  appendFileSync(at("work.sh"), "./show work.sh > /dev/null; head -c 1 one > /dev/null\n");
  await run("check", "a.contour", "--report", "report.json", "--", "sh", "work.sh");
  text = readFileSync(at("report.json"), "utf8");
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

const digits = "0".repeat(63);

describe.skipIf(!isBuilt)("a report (needs a build)", () => {
  async function refused(content: string | Uint8Array): Promise<string> {
    writeFileSync(at("bad.json"), content);
    const before = readFileSync(at("a.contour"));
    const fault = await acceptFrom("a.contour", "bad.json").then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(readFileSync(at("a.contour"))).toEqual(before);
    expect(fault).toBeInstanceOf(IsolineError);
    const { message } = fault as IsolineError;
    expect(message).not.toMatch(/[\u0000-\u001f]/);
    return message;
  }
  const first = (report: Open) => report.departures[0] as { [member: string]: unknown };
  const withTask = (report: Open) =>
    report.departures.find(({ tasks }) => tasks !== undefined) as { tasks: { [member: string]: unknown }[] };

  it.each<[string, (report: Open) => void, string]>([
    [
      "an event that is not its point's",
      (r) => ((first(r)["event"] as { subject: { path: string } }).subject.path = "$HOME/.ssh/id"),
      "is not that of its event",
    ],
    [
      "an act that is not its event",
      (r) => (first(r)["act"] = "open access=read path=/etc/hosts"),
      "the act of departure 1 is not its event",
    ],
    ["a point that is not its event's", (r) => (first(r)["point"] = `${digits}1`), "the point of departure 1"],
    [
      "a program that is not its identity's",
      (r) => ((withTask(r).tasks[0] as { images: { path: string }[] }).images[0] = { path: "/usr/bin/true" }),
      "the identity of a program",
    ],
    ["an event without a subject", (r) => (first(r)["event"] = { op: "open" }), "the event of departure 1"],
    [
      "an unknown operation",
      (r) => (first(r)["event"] = { op: "__proto__", actor: {}, subject: {} }),
      "no operation is called",
    ],
    ["counts that cannot be", (r) => (first(r)["refused"] = 1e9), "no sound counts"],
    ["a time that is not one", (r) => (first(r)["first"] = "\u001b[2J"), "does not say when"],
    ["another policy", (r) => (r["policy"] = `${digits}1`), "another policy"],
    ["another contour", (r) => (r["state"] = `${digits}1`), "another contour"],
    ["another version", (r) => (r["isoline"] = 2), "not a report of isoline"],
    ["another profile", (r) => (r["profile"] = "quixote"), "expected iso1"],
    ["no departures", (r) => delete (r as Partial<Open>).departures, "no list of departures"],
    ["a list for a departure", (r) => (r.departures[0] = [] as never), "where an object is expected"],
    ["a class that is not known", (r) => (first(r)["class"] = "harmless"), "of a class that is not known"],
    ["too many departures", (r) => (r.departures = Array.from({ length: 10_001 }, () => first(r))), "more than 10000"],
  ])("with %s is refused", async (_, change, why) => {
    const report = copy();
    change(report);
    expect(await refused(JSON.stringify(report))).toContain(why);
  });

  it("that is cut off, empty, no text, or nested without end is refused", async () => {
    await refused(text.slice(0, text.length / 2));
    await refused("");
    writeFileSync(at("bad.json"), text.slice(0, text.length / 2));
    const { status, stderr } = await run("accept", "a.contour", "bad.json");
    expect([status, stderr.split("\n").length]).toEqual([1, 2]);
    await refused(Buffer.from([0xff, 0xfe, 0, 1]));
    await refused("[".repeat(100_000));
    await refused("null");
  });

  it("whose name would move the cursor is shown as text", async () => {
    const name = "bad\u001b[2J.json";
    writeFileSync(at(name), text);
    const { status, stderr } = await run("departures", name);
    expect([status, stderr.includes("\u001b")]).toEqual([0, false]);
    rmSync(at(name));
  });

  it("that is damaged at any byte never adds a point that it does not have", async () => {
    const known = new Set(copy().departures.map(({ point }) => point as string));
    const whole = Buffer.from(text);
    const pointsNow = () => new Set(readFileSync(at("b.contour"), "utf8").match(/(?<=^  .*)[0-9a-f]{64}$/gm));
    copyFileSync(at("a.contour"), at("b.contour"));
    const before = pointsNow();
    for (let step = 1; step <= 60; step++) {
      copyFileSync(at("a.contour"), at("b.contour"));
      const damaged = Buffer.from(whole);
      damaged[Math.floor((whole.length * step) / 61)] = 0x30 + (step % 10);
      writeFileSync(at("bad.json"), damaged);
      await acceptFrom("b.contour", "bad.json").catch(() => {});
      for (const point of pointsNow()) expect(before.has(point) || known.has(point)).toBe(true);
    }
  });

  it("cannot have a departure accepted that was not observed whole", async () => {
    const report = copy();
    for (const departure of report.departures) departure["guessed"] = true;
    writeFileSync(at("open.json"), JSON.stringify(report));
    const before = readFileSync(at("a.contour"));
    const { status, stderr } = await run("accept", "a.contour", "open.json");
    expect(status).toBe(4);
    expect(stderr).toContain("cannot be accepted: its parent ended before it could be read");
    expect(readFileSync(at("a.contour"))).toEqual(before);
  });

  it("that lacks a program leaves what that program did", async () => {
    const report = copy();
    for (const departure of report.departures) delete departure["tasks"];
    writeFileSync(at("open.json"), JSON.stringify(report));
    copyFileSync(at("a.contour"), at("c.contour"));
    const { status, stderr } = await run("accept", "c.contour", "open.json");
    expect(status).toBe(4);
    expect(stderr).toContain("not every program that led to it was recorded");
  });
});
