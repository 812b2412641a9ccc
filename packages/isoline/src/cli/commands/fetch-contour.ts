/**
 * `isoline fetch-contour`: downloads the contour attached to an image and its signature, verifies them, and stores them where
 * isoline-runc looks.
 */
import { mkdirSync } from "node:fs";
import { keepFetched, writeFetched } from "../../canister/fetched.ts";
import { readHostConfiguration } from "../../canister/host-configuration.ts";
import { type Attached, fetchAttached } from "../../canister/registry/contours.ts";
import { soundContour } from "../../canister/sound.ts";
import { readTrustedKey } from "../../store/signature/keys.ts";
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
  soundContour(image, attached, keys);
  if (attached.count > 1) note(`${attached.count} contours are attached to ${attached.image}; the newest was taken`);
  for (const path of output === undefined ? await kept(attached) : written(output, attached)) printLine(path);
  return status.success;
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
