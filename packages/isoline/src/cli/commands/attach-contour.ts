/** `isoline attach-contour`: a contour beside the image it is for, in a registry. */
import { readFileSync } from "node:fs";
import { attach } from "../../canister/registry/contours.ts";
import { loadAnyContour } from "../../store/contour-file.ts";
import { status } from "../ending.ts";
import { printLine } from "../output/streams.ts";

export async function attachContour(image: string, file: string): Promise<number> {
  await loadAnyContour(file);
  printLine(await attach(image, readFileSync(file), new Date()));
  return status.success;
}
