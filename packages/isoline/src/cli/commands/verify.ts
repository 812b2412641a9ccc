/** `isoline verify`: checks that a contour file is consistent and prints its summary. Every point is recomputed. */
import type { AnyContour } from "@isoline/core/contour";
import { type Verified, verify as verifyContour } from "../../library/verify.ts";
import { loadEvidence } from "../../store/evidence-file.ts";
import { status } from "../ending.ts";
import { lensOf } from "../lens-name.ts";
import { paint } from "../output/paint.ts";
import { print, printJson } from "../output/streams.ts";
import { grouped, harmless } from "../output/wording.ts";

export interface VerifyOptions {
  readonly trustedKey?: readonly string[];
  readonly json?: boolean;
}

export async function verify(file: string, { json, trustedKey }: VerifyOptions): Promise<number> {
  const { contour, signed } = await verifyContour(file, { trustedKeys: trustedKey });
  const runs = loadEvidence(file)?.count;
  if (json) printJson({ ...document(contour), ...(runs && { runs }), ...(signed && { signed }) });
  else print(page(file, contour, runs, signed));
  return status.success;
}

function document(contour: AnyContour): Readonly<Record<string, unknown>> {
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
    incomplete: contour.incomplete,
  };
}

function page(file: string, contour: AnyContour, runs: number | undefined, signed: Verified["signed"]): string {
  const { text, digest } = lensOf(contour);
  const rows: [string, string][] = [
    ["points", grouped(contour.size)],
    ["measurement", contour.measurement()],
    ["state", contour.state()],
    ["profile", contour.profile.name],
    ["lens", `${digest}   ${text}`],
    ["policy", contour.policyDigest],
    ["base", contour.base],
    ["aggregate", contour.aggregate],
    ...(runs === undefined ? [] : [["runs", grouped(runs)] satisfies [string, string]]),
    ["incomplete", contour.incomplete.length === 0 ? "no" : contour.incomplete.join("; ")],
    ...(signed === undefined ? [] : [["signed by", signed.key] satisfies [string, string]]),
    ...(signed?.images ?? []).map((image): [string, string] => ["for", image]),
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(12)} ${value}\n`);
  return `${harmless(file)}: ${paint("green", "intact")}\n${lines.join("")}`;
}
