/**
 * `isoline fetch-contour`: downloads the contour attached to an image and its signature, verifies them, and stores them where
 * isoline-runc looks.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import { keepFetched, writeFetched } from "../../canister/fetched.ts";
import { readHostConfiguration } from "../../canister/host-configuration.ts";
import { type Attached, fetchAttached } from "../../canister/registry/contours.ts";
import { loadAnyContour } from "../../store/contour-file.ts";
import { assertForImage, assertSame, signaturePath, vouchedIn } from "../../store/signature/demand.ts";
import { readTrustedKey, type TrustedKey } from "../../store/signature/keys.ts";
import { status } from "../ending.ts";
import { note, printLine } from "../output/streams.ts";

export interface FetchOptions {
  readonly output?: string;
  /** Keys of which one must have signed it for this image. */
  readonly trustedKey?: readonly string[];
}

export async function fetchContour(image: string, { output, trustedKey }: FetchOptions): Promise<number> {
  const keys = trustedKey?.map(readTrustedKey);
  const attached = await fetchAttached(image);
  if (keys !== undefined) assertSigned(image, attached, keys);
  await refuseBroken(attached);
  if (attached.count > 1) note(`${attached.count} contours are attached to ${attached.image}; the newest was taken`);
  for (const path of output === undefined ? await kept(attached) : written(output, attached)) printLine(path);
  return status.success;
}

function assertSigned(image: string, { contour, signature, digests }: Attached, keys: readonly TrustedKey[]): void {
  if (signature === undefined)
    throw new IsolineError(
      "unsigned",
      `${image}: expected a signed contour, found one without a signature; have its publisher sign it and attach it again`,
    );
  const vouched = vouchedIn(signature, signaturePath(image), keys);
  assertForImage(image, vouched, { digests, named: true });
  assertSame(image, vouched, sha256(contour));
}

/** Where isoline-runc looks, by each digest by which an engine may know the image. */
async function kept(attached: Attached): Promise<readonly string[]> {
  const { contours } = await readHostConfiguration();
  mkdirSync(contours, { recursive: true, mode: 0o755 });
  return keepFetched(contours, attached);
}

function written(output: string, attached: Attached): readonly string[] {
  writeFetched(output, attached);
  return [output];
}

async function refuseBroken({ contour }: Attached): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "isoline-fetched-"));
  try {
    const path = join(place, "attached.contour");
    writeFileSync(path, contour);
    await loadAnyContour(path);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
