/**
 * A thread that races an argument: it changes the argument after the sensor has read it and before the kernel uses it. Where the
 * supervisor makes the call itself (`open` of a file, `connect`), no race is won, with Landlock or without. Where the task makes it
 * (`exec`, `open` of a FIFO), watching may miss the change, and enforcing alone may allow it. With Landlock the kernel refuses there
 * what no point permits, whatever the race.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { landlockVersion } from "../../packages/linux/src/abi/landlock.ts";
import { compiler, NOBODY } from "../sensor/case.ts";
import { isBuilt, isoline, readReport, type Report } from "../support/isoline.ts";
import { isCI, isRoot } from "../support/machine.ts";

interface Tally {
  readonly one: number;
  readonly other: number;
  readonly nothing: number;
  /** Programs that began and did not come to their end: some of `nothing`. */
  readonly begun: number;
}
interface Outcome {
  readonly tally: Tally;
  readonly report: Report;
}

/** Landlock knows TCP ports since version 4. */
const landlock = landlockVersion();
const uid = isRoot ? NOBODY : undefined;
/** If five attempts do not win a race, it counts as not winnable. */
const ROUNDS = 5;

describe.skipIf(!isCI || compiler === undefined || !isBuilt)(
  "a race for an argument (only in CI; needs gcc, a build)",
  () => {
    let directory: string;
    const servers: Server[] = [];
    const ports: number[] = [];

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), "isoline-race-"));
      if (uid !== undefined) chownSync(directory, uid, uid);
      chmodSync(directory, 0o755);
      const source = fileURLToPath(new URL("./race.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", "race", source, "-lpthread"], { cwd: directory });
      for (const [name, status] of [
        ["good", 0],
        ["evil", 7],
      ] as const) {
        execFileSync("gcc", ["-x", "c", "-static", "-o", name, "-"], {
          cwd: directory,
          input: `int main(void) { return ${status}; }`,
        });
      }
      // Loaded by ld.so, so that it makes a mediated call before its own code runs.
      execFileSync("gcc", ["-x", "c", "-o", "many", "-"], {
        cwd: directory,
        input: `int main(int count, char **word) { return word[0][0] == 'e' ? 7 : 0; }`,
      });
      execFileSync("mkfifo", ["pipe", "spare"], { cwd: directory });
      if (uid !== undefined) for (const name of ["pipe", "spare"]) chownSync(join(directory, name), uid, uid);
      for (const name of ["data", "secret"]) writeFileSync(join(directory, name), `${name}\n`);
      for (let count = 0; count < 2; count++) {
        const server = createServer((socket) => socket.on("error", () => {}).destroy());
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        servers.push(server);
        const address = server.address();
        ports.push(typeof address === "object" && address ? address.port : 0);
      }
    });
    afterAll(() => {
      for (const server of servers) server.close();
      rmSync(directory, { recursive: true, force: true });
    });

    const race = async (
      call: string,
      tries: number,
      args: readonly string[],
      [one, other]: readonly string[],
    ): Promise<Outcome> => {
      const report = join(directory, "report.json");
      const words = [...args, "--report", report, "-q", "--", "./race", call, String(tries), one ?? "", other ?? ""];
      const { stdout } = await isoline(words, { cwd: directory, uid });
      return { tally: JSON.parse(stdout) as Tally, report: readReport(directory) };
    };
    /** Repeats the race until this has come about. */
    const raceUntil = async (
      isEnough: (outcome: Outcome) => boolean,
      ...words: Parameters<typeof race>
    ): Promise<Outcome> => {
      for (let round = 1; ; round++) {
        const outcome = await race(...words);
        if (isEnough(outcome) || round === ROUNDS) return outcome;
      }
    };
    const learnOf = async (call: string, tries: number, pair: () => readonly string[]): Promise<string> => {
      const contour = join(directory, `${call}.contour`);
      const [one] = pair();
      const { tally } = await race(call, tries, ["learn", "-o", contour], [one ?? "", one ?? ""]);
      expect(tally).toEqual({ one: tries, other: 0, nothing: 0, begun: 0 });
      return contour;
    };

    it("name: a program with another argv[0] than was seen acts without an identity; enforcing, its first act is refused", async () => {
      const contour = await learnOf("name", 300, () => ["good"]);
      const swapped = (count: unknown) => ({
        reason: "a process runs with other arguments than the ones that were read",
        count,
      });
      const pair = ["good", "evil"];
      const watched = await raceUntil(({ tally }) => tally.other > 0, "name", 300, ["check", contour], pair);
      expect(watched.tally.other).toBeGreaterThan(0);
      expect(watched.report.incomplete).toContainEqual(swapped(expect.any(Number)));
      const words = ["check", contour, "--enforce", "--no-landlock"];
      const isEnough = ({ tally }: Outcome) => tally.one > 0 && tally.begun > 0;
      const { tally, report } = await raceUntil(isEnough, "name", 3000, words, pair);
      expect(tally.other).toBe(0);
      expect(tally.one).toBeGreaterThan(0);
      // Its start is refused where the name was seen. Where it was not, the program begins, and comes no further than its first act.
      expect(tally.begun).toBeGreaterThan(0);
      expect(report.incomplete).toContainEqual(swapped(tally.begun));
    });

    for (const [call, tries, pair, needed, isPerformed] of [
      ["open", 5000, () => ["data", "secret"], 1, true],
      ["exec", 500, () => ["good", "evil"], 1, false],
      ["fifo", 5000, () => ["pipe", "spare"], 1, false],
      ["connect", 1000, () => ports.map(String), 4, true],
    ] as const) {
      const learn = () => learnOf(call, tries, pair);
      const raceToWin = (args: readonly string[]): Promise<Outcome> =>
        raceUntil(({ tally }) => tally.other > 0, call, tries, args, pair());
      const bothSides = ({ tally }: Outcome) => tally.one > 0 && tally.other + tally.nothing > 0;

      it.runIf(isPerformed)(`${call}: watching, it is seen each time`, async () => {
        const { tally, report } = await raceToWin(["check", await learn()]);
        expect(tally.other).toBeGreaterThan(0);
        expect(report.off).toBe(tally.other);
        expect(report.racy).not.toHaveProperty(call);
      });

      it.runIf(isPerformed)(`${call}: enforcing without Landlock, it never wins`, async () => {
        const words = ["check", await learn(), "--enforce", "--no-landlock"];
        const { tally, report } = await raceUntil(bothSides, call, tries, words, pair());
        expect(tally.other).toBe(0);
        expect(tally.one).toBeGreaterThan(0);
        expect(tally.nothing).toBeGreaterThan(0);
        expect(report.refused).toBe(tally.nothing);
      });

      it.skipIf(isPerformed)(`${call}: watching does not stop it, and sees it sometimes`, async () => {
        const { tally, report } = await raceToWin(["check", await learn()]);
        expect(tally.other).toBeGreaterThan(0);
        expect(report.departures[0]?.count).toBeGreaterThan(0);
      });

      it.skipIf(isPerformed)(`${call}: enforcing without Landlock, it sometimes wins`, async () => {
        const { tally, report } = await raceToWin(["check", await learn(), "--enforce", "--no-landlock"]);
        expect(tally.other).toBeGreaterThan(0);
        expect(report.refused).toBeGreaterThan(0);
      });

      const missing = landlock < needed ? ` (needs Landlock ${needed})` : "";
      it.skipIf(missing !== "")(`${call}: enforcing, ${tries} tries do not succeed once${missing}`, async () => {
        const byKernel = ({ tally, report }: Outcome) => tally.nothing - report.refused;
        const isEnough = (outcome: Outcome) =>
          bothSides(outcome) && outcome.report.refused > 0 && (isPerformed || byKernel(outcome) > 0);
        const outcome = await raceUntil(isEnough, call, tries, ["check", await learn(), "--enforce"], pair());
        const { tally, report } = outcome;
        expect(report.landlock).toMatchObject({ applied: true });
        expect(tally.other).toBe(0);
        expect(tally.one).toBeGreaterThan(0);
        expect(report.refused).toBeGreaterThan(0);
        expect(report.refused).toBe(report.off);
        // What a verdict let by, and failed all the same: Landlock refused it. Of a call that the supervisor makes there is none.
        expect(byKernel(outcome) > 0).toBe(!isPerformed);
      });
    }
  },
);
