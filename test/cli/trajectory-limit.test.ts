/** A trajectory that reached its limit: what it has of a run, and what is said of the rest. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { iso1, type Exchange, type Profile } from "@isoline/core/profile";
import { afterAll, expect, it } from "vitest";
import { recordingOf } from "../../packages/isoline/src/cli/replay/recordings.ts";
import { Replayer } from "../../packages/isoline/src/cli/replay/replayer.ts";
import { TrajectoryWriter } from "../../packages/isoline/src/store/trajectory-file.ts";
import { node, npm, opens, sh } from "../engine/workload.ts";

const directory = mkdtempSync(join(tmpdir(), "isoline-trajectory-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** Has so many events written into a file of at most so many bytes. */
function written(events: number, most?: number) {
  const path = join(directory, `${events}-${most}`);
  const writer = new TrajectoryWriter(path, most);
  for (let at = 0; at < events; at++) writer.write(opens(node, `/data/${at}`), [npm, sh, node]);
  const untold = writer.close();
  return { untold, lines: readFileSync(path, "utf8").trimEnd().split("\n") };
}

function replayed(lines: readonly string[]): Replayer {
  const replayer = new Replayer(iso1 as unknown as Profile<Exchange>, { kind: "none" }, {});
  for (const line of lines) replayer.take(recordingOf("iso1").read(Buffer.from(line)));
  return replayer;
}

it("has the first events without a gap, and says at its end how many more there were", () => {
  const { untold, lines } = written(200, 20_000);
  const last = JSON.parse(lines.at(-1) ?? "") as { readonly more: number };
  const [told, more] = [lines.length - 3 - 1, last.more];
  expect(told).toBeGreaterThan(10);
  expect(told + more).toBe(200);
  expect(lines.slice(0, -1).join("\n").length).toBeLessThan(20_000);
  expect(lines.slice(3, -1).map((line) => /\/data\/(\d+)/.exec(line)?.[1])).toEqual(
    Array.from({ length: told }, (_, at) => String(at)),
  );
  expect(untold).toEqual([{ reason: expect.stringContaining("20000 bytes"), count: more }]);
});

it("is replayed as incomplete, with all events counted", () => {
  const { untold, lines } = written(200, 20_000);
  const { events, incomplete } = replayed(lines);
  expect(events).toBe(200);
  expect(incomplete.map(({ count }) => count)).toEqual(untold.map(({ count }) => count));
});

it("has everything where it stays below its limit", () => {
  const { untold, lines } = written(200);
  expect([untold, lines.length]).toEqual([[], 203]);
  expect(replayed(lines)).toMatchObject({ events: 200, incomplete: [] });
});
