/**
 * A thread that races an argument: it changes the argument after the sensor has read it and before the kernel uses it. Watching
 * may miss the change, and enforcing alone may allow it. With Landlock the kernel refuses what no point permits, whatever the
 * race.
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
    ): Promise<{ tally: Tally; report: Report }> => {
      const report = join(directory, "report.json");
      const words = [...args, "--report", report, "-q", "--", "./race", call, String(tries), one ?? "", other ?? ""];
      const { stdout } = await isoline(words, { cwd: directory, uid });
      return { tally: JSON.parse(stdout) as Tally, report: readReport(directory) };
    };
    const learnOf = async (call: string, tries: number, pair: () => readonly string[]): Promise<string> => {
      const contour = join(directory, `${call}.contour`);
      const [one] = pair();
      const { tally } = await race(call, tries, ["learn", "-o", contour], [one ?? "", one ?? ""]);
      expect(tally).toEqual({ one: tries, other: 0, nothing: 0 });
      return contour;
    };

    it("name: a program with another argv[0] than was seen acts without an identity, and enforcing refuses its start", async () => {
      const contour = await learnOf("name", 300, () => ["good"]);
      const watched = await race("name", 300, ["check", contour], ["good", "evil"]);
      const swapped = {
        reason: "a process runs with other arguments than the ones that were read",
        count: expect.any(Number),
      };
      expect(watched.tally.other).toBeGreaterThan(0);
      expect(watched.report.incomplete).toContainEqual(swapped);
      const enforced = await race("name", 300, ["check", contour, "--enforce", "--no-landlock"], ["good", "evil"]);
      expect(enforced.tally.other).toBe(0);
      expect(enforced.tally.one).toBeGreaterThan(0);
    });

    for (const [call, tries, pair, needed, isPerformed] of [
      ["open", 5000, () => ["data", "secret"], 1, true],
      ["exec", 500, () => ["good", "evil"], 1, false],
      ["connect", 1000, () => ports.map(String), 4, true],
    ] as const) {
      const learn = () => learnOf(call, tries, pair);
      /** Repeats until the race was won once. */
      const raceToWin = async (args: readonly string[]): Promise<{ tally: Tally; report: Report }> => {
        for (let round = 1; ; round++) {
          const outcome = await race(call, tries, args, pair());
          if (outcome.tally.other > 0 || round === ROUNDS) return outcome;
        }
      };

      it.runIf(isPerformed)(`${call}: watching, it is seen each time`, async () => {
        const { tally, report } = await race(call, tries, ["check", await learn()], pair());
        expect(tally.other).toBeGreaterThan(0);
        expect(report.off).toBe(tally.other);
        expect(report.racy).not.toHaveProperty(call);
      });

      it.runIf(isPerformed)(`${call}: enforcing without Landlock, it never wins`, async () => {
        const { tally, report } = await race(
          call,
          tries,
          ["check", await learn(), "--enforce", "--no-landlock"],
          pair(),
        );
        expect(tally.other).toBe(0);
        expect(tally.one).toBeGreaterThan(0);
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
        const { tally, report } = await race(call, tries, ["check", await learn(), "--enforce"], pair());
        expect(tally.other).toBe(0);
        expect(tally.one).toBeGreaterThan(0);
        expect(report.refused).toBeGreaterThan(0);
        expect(report.refused).toBe(report.off);
      });
    }
  },
);
