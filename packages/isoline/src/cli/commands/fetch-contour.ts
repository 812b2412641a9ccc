/** `isoline fetch-contour`: the contour attached to an image, checked and put where isoline-runc looks for it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attachedPath } from "../../canister/attached.ts";
import { readHostConfiguration } from "../../canister/host-configuration.ts";
import { type Attached, fetchAttached } from "../../canister/registry/contours.ts";
import { loadAnyContour } from "../../store/contour-file.ts";
import { writeDurably } from "../../store/durable-file.ts";
import { status } from "../ending.ts";
import { note, printLine } from "../output/streams.ts";

export interface FetchOptions {
  readonly output?: string;
}

export async function fetchContour(image: string, { output }: FetchOptions): Promise<number> {
  const attached = await fetchAttached(image);
  await refuseBroken(attached);
  if (attached.count > 1) note(`${attached.count} contours are attached to ${attached.image}; the newest was taken`);
  for (const path of output === undefined ? await placesFor(attached) : [output]) {
    writeDurably(path, [attached.contour.toString("utf8")]);
    printLine(path);
  }
  return status.success;
}

/** One for each digest that an engine may know the image by. */
async function placesFor({ digests }: Attached): Promise<string[]> {
  const { contours } = await readHostConfiguration();
  mkdirSync(contours, { recursive: true, mode: 0o755 });
  return digests.map((digest) => attachedPath(contours, digest));
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
