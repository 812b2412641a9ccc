/** `isoline verify`: checks that a contour file is consistent and prints its summary. Every point is recomputed. */
import type { AnyContour } from "@isoline/core";
import { loadAnyContour, loadHashed } from "../../store/contour-file.ts";
import { assertSame, type Vouched, vouchedFor } from "../../store/signature/demand.ts";
import { readTrustedKey } from "../../store/signature/keys.ts";
import { status } from "../ending.ts";
import { lensOf } from "../lens-name.ts";
import { paint } from "../output/paint.ts";
import { print, printJson } from "../output/streams.ts";
import { counted, grouped } from "../output/wording.ts";

export interface VerifyOptions {
  readonly trustedKey?: readonly string[];
  readonly json?: boolean;
}

export async function verify(file: string, { json, trustedKey }: VerifyOptions): Promise<number> {
  const { contour, vouched } = trustedKey === undefined ? await unasked(file) : await signed(file, trustedKey);
  if (json) printJson({ ...document(contour), ...(vouched && { signed: vouched }) });
  else print(page(file, contour, vouched));
  return status.success;
}

interface Verified {
  readonly contour: AnyContour;
  readonly vouched: Pick<Vouched, "key" | "images"> | undefined;
}

async function unasked(file: string): Promise<Verified> {
  return { contour: await loadAnyContour(file), vouched: undefined };
}

async function signed(file: string, keys: readonly string[]): Promise<Verified> {
  const vouched = vouchedFor(file, keys.map(readTrustedKey));
  const { contour, digest } = await loadHashed(file);
  assertSame(file, vouched, digest);
  return { contour, vouched: { key: vouched.key, images: vouched.images } };
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
    runs: contour.runs,
    incomplete: contour.incomplete,
    levelled: Object.fromEntries(contour.firings),
  };
}

function page(file: string, contour: AnyContour, vouched: Verified["vouched"]): string {
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
    ...(vouched === undefined ? [] : [["signed by", vouched.key] satisfies [string, string]]),
    ...(vouched?.images ?? []).map((image): [string, string] => ["for", image]),
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(12)} ${value}\n`);
  return `${file}: ${paint("green", "intact")}\n${lines.join("")}`;
}
