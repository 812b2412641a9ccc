/**
 * A program that has many runs: each observes all that the first observed, and leaves nothing behind. The supervisor has closed its
 * process to others after the first, so for an ordinary user its own entries in /proc, and those of what it starts, belong to root.
 */
import { describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { runProgram } from "../support/library.ts";
import { isRoot } from "../support/machine.ts";
import { NOBODY } from "../sensor/case.ts";

const users: readonly (readonly [string, number | undefined])[] = [
  ["the present user", undefined],
  ...(isRoot ? ([["an ordinary user", NOBODY]] as const) : []),
];

describe.skipIf(!isBuilt)("21 runs in one process, three at a time (need a build)", () => {
  it.each(users)("have the same points each time, and leave nothing behind, as %s", async (_who, uid) => {
    const { lines, stderr } = await runProgram(
      `
      import { check, learn } from "isoline";
      import { mkdirSync, readdirSync } from "node:fs";
      import { setTimeout } from "node:timers/promises";

      // An absolute path, one from the working directory, and one that only the shell resolves.
      const command = ["sh", "-c", "cat /etc/hostname ./made > copy && ls /etc > list; rm copy list"];
      (await import("node:fs")).writeFileSync("made", "made");
      const descriptors = () => readdirSync("/proc/self/fd").length;
      await (await learn(command, { output: "first.contour" })).ended;
      const told = [];
      const kept = [];
      for (let turn = 0; turn < 7; turn++) {
        const output = "turn" + turn + ".contour";
        const runs = [await learn(command, { output }), await check("first.contour", command), await check("first.contour", command)];
        for (const { status, verdict, report } of await Promise.all(runs.map((run) => run.ended)))
          told.push([status, verdict, report.points, report.incomplete.length, report.departures.length].join(" "));
        // Threads end a little later.
        await setTimeout(200);
        kept.push([descriptors(), process.memoryUsage().rss / 2 ** 20]);
      }
      await setTimeout(1000);
      const megabytes = process.memoryUsage().rss / 2 ** 20 - kept[2][1];
      console.log(JSON.stringify({ told: [...new Set(told.map((line) => line.replace(/ [0-9]+ 0 0$/, " N 0 0")))],
        points: new Set(told.map((line) => line.split(" ")[2])).size, descriptors: descriptors() - kept[2][0], grew: megabytes > 64 }));
      process.exit(0);
    `,
      uid,
    );
    expect({ stderr, said: JSON.parse(lines[0] ?? "null") }).toEqual({
      stderr: "",
      said: { told: ["0 learnt N 0 0", "0 on-contour N 0 0"], points: 1, descriptors: 0, grew: false },
    });
  });
});
