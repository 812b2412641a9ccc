/** The two ways in which a wire fails: the other end breaks the protocol, or it is gone. */
import { CliError } from "../error.ts";

/** The other end did not do what the protocol says, or is not who it should be. The wire is closed. */
export function refused(message: string, cause?: unknown): CliError {
  return new CliError("engine-refused", message, { cause });
}

/** The other end went away, or did not answer in time. */
export function lost(message: string): CliError {
  return new CliError("engine-lost", message);
}
