/** What commands say that wrote a contour where a signed one was. */
import type { Output } from "../../store/output.ts";
import { removeStaleSignature } from "../../store/signature/stale.ts";
import { note } from "./streams.ts";
import { harmless } from "./wording.ts";

/** Removes the signature of the contour that was there before, and says so. */
export function dropStaleSignature(output: Output, path: string, quiet: boolean): void {
  if (removeStaleSignature(output) && !quiet) sayStaleSignature(path);
}

export function sayStaleSignature(path: string): void {
  note(`removed ${harmless(path)}.sig: it signed the contour that was there before; sign the new one (isoline sign)`);
}
