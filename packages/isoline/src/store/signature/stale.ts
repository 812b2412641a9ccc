/** The signature of a contour that was there before: it must not stay beside another one. */
import { CliError } from "../../error.ts";
import type { Output } from "../output.ts";
import { MOST_SIGNATURE, SIGNATURE_SUFFIX } from "./demand.ts";
import { parseEnvelope } from "./envelope.ts";
import { STATEMENT } from "./statement.ts";

/** Removes it, once another contour has been written there. Whether there was one; a file that is none of ours stays. */
export function removeStaleSignature(output: Output): boolean {
  if (output.isDevice || !isSignature(read(output))) return false;
  output.removeBeside(SIGNATURE_SUFFIX);
  return true;
}

function isSignature(bytes: Buffer | undefined): boolean {
  return bytes !== undefined && parseEnvelope(bytes)?.payloadType === STATEMENT;
}

/** Undefined also where it is too large to be one. */
function read(output: Output): Buffer | undefined {
  try {
    return output.readBeside(SIGNATURE_SUFFIX, MOST_SIGNATURE);
  } catch (fault) {
    if (fault instanceof CliError && fault.code === "cannot-read") return undefined;
    throw fault;
  }
}
