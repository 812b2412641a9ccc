/** The second implementation, written from docs/spec alone, must agree with the first on everything. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Contour, parseContour } from "@isoline/core/contour";
import { type Event, encodeEvent, eventToJson } from "@isoline/core/event";
import { iso1Point } from "@isoline/core/profile";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { arbitraryContour, textOf } from "../arbitrary/contour.ts";
import { arbitraryEvent } from "../arbitrary/event.ts";
import { specPath } from "./published.ts";
import { readVectors, vectorsFile } from "./vectors.ts";

const program = fileURLToPath(new URL("./iso1.py", import.meta.url));
const hasPython = spawnSync("python3", ["-c", "import sys; assert sys.version_info >= (3, 8)"]).status === 0;

function python(args: readonly string[], input = ""): string {
  const { status, stdout, stderr } = spawnSync("python3", [program, ...args], {
    input,
    maxBuffer: 1 << 28,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`iso1.py ${args[0] ?? ""} failed: ${stderr}`);
  return stdout;
}

describe.skipIf(!hasPython)("the Python twin of iso1 (needs python3 ≥ 3.8)", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "isoline-twin-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("agrees on every vector", () => {
    const counts = JSON.parse(python(["vectors", specPath(vectorsFile)])) as Record<string, number>;
    expect(Object.values(counts).reduce((a, b) => a + b)).toBe(readVectors().length);
  });

  test("agrees on the encoding and the point of 3000 generated events", () => {
    const events: readonly Event[] = fc.sample(arbitraryEvent(), 3_000);
    const input = events.map((event) => `${JSON.stringify(eventToJson(event))}\n`).join("");
    const expected = events.map((event) => `${encodeEvent(event).toString("hex")} ${iso1Point(event)}`);
    expect(python([], input).trim().split("\n")).toEqual(expected);
  });

  test("agrees on the tasks, points, policy, state and measurement of contour files", () => {
    for (const [at, contour] of fc.sample(arbitraryContour, 12).entries()) {
      const path = join(folder, `${at}.contour`);
      writeFileSync(path, textOf(contour));
      expect(JSON.parse(python(["contour", path]))).toEqual({
        points: contour.size,
        policy: contour.policyDigest,
        state: contour.state(),
        measurement: (parseContour(textOf(contour)) as Contour).measurement(),
      });
    }
  });

  test("sees a changed path, as the first does", () => {
    const path = join(folder, "changed.contour");
    const contour = fc.sample(arbitraryContour, 50).find(({ size }) => size > 2);
    writeFileSync(path, textOf(contour as NonNullable<typeof contour>).replace(/ (?=[0-9a-f]{64}\n)/, "x "));
    expect(() => python(["contour", path])).toThrow(/AssertionError|KeyError|ValueError/);
  });
});
