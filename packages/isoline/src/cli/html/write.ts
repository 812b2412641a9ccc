/** Writes a page to a file: all of it, or what was there before. */
import { Output } from "../../store/output.ts";
import { document } from "./document.ts";
import type { ContourMap } from "./map.ts";

export function writePage(file: string, map: ContourMap): void {
  const output = Output.open(file);
  try {
    output.write([document(map)]);
  } finally {
    output.close();
  }
}
