/** `isoline verify`: whether a contour file is whole, and what it says about itself. Every point is computed again. */
import type { AnyContour } from "@isoline/core";
import { loadAnyContour } from "../../store/contour-file.ts";
import { status } from "../ending.ts";
import { lensOf } from "../lens-name.ts";
import { paint } from "../output/paint.ts";
import { print, printJson } from "../output/streams.ts";
import { counted, grouped } from "../output/wording.ts";

export interface VerifyOptions {
  readonly json?: boolean;
}

export async function verify(file: string, { json }: VerifyOptions): Promise<number> {
  const contour = await loadAnyContour(file);
  if (json) printJson(document(contour));
  else print(page(file, contour));
  return status.success;
}

function document(contour: AnyContour): unknown {
  return {
    isoline: 1,
    points: contour.size,
    measurement: contour.measurement(),
    state: contour.state(),
    profile: contour.profile.name,
    lens: lensOf(contour).digest,
    policy: contour.policyDigest,
    base: contour.base,
    aggregate: contour.aggregate,
    runs: contour.runs,
    incomplete: contour.incomplete,
    levelled: Object.fromEntries(contour.firings),
  };
}

function page(file: string, contour: AnyContour): string {
  const { text, digest } = lensOf(contour);
  const gaps = contour.incomplete.map(({ reason, count }) => `${reason} (${counted(count, "time")})`);
  const rows: [string, string][] = [
    ["points", grouped(contour.size)],
    ["measurement", contour.measurement()],
    ["state", contour.state()],
    ["profile", contour.profile.name],
    ["lens", `${digest}   ${text}`],
    ["policy", contour.policyDigest],
    ["base", contour.base],
    ["aggregate", contour.aggregate],
    ["runs", grouped(contour.runs)],
    ["incomplete", gaps.length === 0 ? "no" : gaps.join("; ")],
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(12)} ${value}\n`);
  return `${file}: ${paint("green", "intact")}\n${lines.join("")}`;
}
