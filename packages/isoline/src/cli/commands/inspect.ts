/** `isoline inspect`: the label that a container of an image would get, and the result of its last run. */
import { IsolineError } from "@isoline/core/error";
import { findImage } from "../../canister/images.ts";
import { type HostConfiguration, readHostConfiguration } from "../../canister/host-configuration.ts";
import type { Image } from "../../canister/image.ts";
import { lastReportOf } from "../../canister/last-report.ts";
import { type Label, labelOf } from "../../canister/label.ts";
import { readRegular } from "../../store/bounded-file.ts";
import { CliError } from "../../error.ts";
import { loadAnyContour, loadHashed } from "../../store/contour-file.ts";
import { assertForImage, assertSame, type SignatureDemand, vouchedFor } from "../../store/signature/demand.ts";
import { status } from "../ending.ts";
import { lensOf } from "../lens-name.ts";
import { printJson, printLine } from "../output/streams.ts";
import { harmless } from "../output/wording.ts";

export interface InspectOptions {
  readonly json?: boolean;
}

interface Inspection {
  readonly image: Image;
  /** The label, or why a container without annotations would be refused. */
  readonly label: Pick<Label, "mode" | "contour" | "source"> | undefined;
  readonly refused: string | undefined;
  /** The key that the host requires and that signed the contour. */
  readonly signer: string | undefined;
  readonly contour: { readonly points: number; readonly state: string; readonly lens: string } | undefined;
  readonly last: { readonly verdict: string; readonly off: number; readonly container: string } | undefined;
}

/** Why a container would not start. */
const REFUSALS: readonly string[] = ["bad-label", "unsigned", "bad-signing-key"];

export async function inspect(name: string, { json }: InspectOptions): Promise<number> {
  const host = await readHostConfiguration();
  const image = findImage(name);
  const inspection = await inspected(image, host);
  if (json) printJson({ isoline: 1, ...inspection });
  else for (const [title, text] of linesOf(name, inspection)) printLine(`${title.padEnd(10)}${harmless(text)}`);
  return inspection.label === undefined ? status.failure : status.success;
}

async function inspected(image: Image, host: HostConfiguration): Promise<Inspection> {
  try {
    const { mode, contour, source, signed } = labelOf({ annotations: {} }, image, host);
    const label = { mode, contour, source };
    const signer = signed && (await signerOf(contour, signed));
    return { image, label, refused: undefined, signer, contour: await factsOf(contour), last: lastOf(contour, host) };
  } catch (fault) {
    if (!(fault instanceof IsolineError) || !REFUSALS.includes(fault.code)) throw fault;
    return { image, label: undefined, refused: fault.message, signer: undefined, contour: undefined, last: undefined };
  }
}

/** The key that signed the contour, verified as before a start. */
async function signerOf(contour: string, { keys, image }: SignatureDemand): Promise<string> {
  const vouched = vouchedFor(contour, keys);
  assertForImage(contour, vouched, image);
  assertSame(contour, vouched, (await loadHashed(contour)).digest);
  return vouched.key;
}

/** Undefined if the contour is still to be learnt. */
async function factsOf(path: string): Promise<Inspection["contour"]> {
  try {
    const contour = await loadAnyContour(path);
    return { points: contour.size, state: contour.state(), lens: lensOf(contour).text };
  } catch (fault) {
    if (fault instanceof CliError && fault.code === "cannot-read") return undefined;
    throw fault;
  }
}

/** Enough for ten thousand departures. */
const MOST_REPORT_BYTES = 2 ** 28;

function lastOf(contour: string, host: HostConfiguration): Inspection["last"] {
  try {
    const path = `${lastReportOf(contour, host)}.json`;
    const report = JSON.parse(readRegular(path, MOST_REPORT_BYTES, "a report").toString("utf8")) as NonNullable<
      Inspection["last"]
    >;
    return { verdict: report.verdict, off: report.off, container: report.container };
  } catch {
    return undefined;
  }
}

function linesOf(name: string, { image, label, refused, signer, contour, last }: Inspection): [string, string][] {
  return [
    ["image", name],
    ...image.digests.map((digest): [string, string] => ["", digest]),
    ...(label === undefined
      ? [["refused", refused ?? ""] satisfies [string, string]]
      : ([
          ["mode", label.mode],
          ["contour", label.contour],
          ["by", label.source],
        ] satisfies [string, string][])),
    ...(signer === undefined ? [] : [["signed by", signer] satisfies [string, string]]),
    ...(contour === undefined
      ? []
      : ([
          ["points", String(contour.points)],
          ["state", contour.state],
          ["lens", contour.lens],
        ] satisfies [string, string][])),
    ...(last === undefined
      ? []
      : [
          ["last run", `${last.verdict}, ${last.off} off contour (${last.container.slice(0, 12)})`] satisfies [
            string,
            string,
          ],
        ]),
  ];
}
