/** Removes the signature of a replaced contour: it must not stay beside the new one. */
import { parseEnvelope, STATEMENT } from "@isoline/core/verify";
import { CliError } from "../../error.ts";
import type { Output } from "../output.ts";
import { MOST_SIGNATURE, SIGNATURE_SUFFIX } from "./beside.ts";

/** Removes the signature once another contour has been written. Returns whether there was one; a file of another kind stays. */
export function removeStaleSignature(output: Output): boolean {
  if (output.isDevice || !isSignature(read(output))) return false;
  output.removeBeside(SIGNATURE_SUFFIX);
  return true;
}

function isSignature(bytes: Buffer | undefined): boolean {
  return bytes !== undefined && parseEnvelope(bytes)?.payloadType === STATEMENT;
}

/** The bytes of the file; undefined also if it is too large to be a signature. */
function read(output: Output): Buffer | undefined {
  try {
    return output.readBeside(SIGNATURE_SUFFIX, MOST_SIGNATURE);
  } catch (fault) {
    if (fault instanceof CliError && fault.code === "cannot-read") return undefined;
    throw fault;
  }
}
