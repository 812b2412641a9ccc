/** The form of an error, `isoline: what was expected, what came, what to do`, and the exit status that follows. */
import { IsolineError } from "@isoline/core/error";
import { CliError } from "../error.ts";
import { status } from "./ending.ts";
import { note, OutputClosed } from "./output/streams.ts";
import { harmless } from "./output/wording.ts";

const OWN_FAILURE: Readonly<Record<string, number>> = {
  learn: status.noWorkload,
  check: status.noWorkload,
  run: status.noWorkload,
  "namespace begin": status.noWorkload,
  diff: status.trouble,
  query: status.trouble,
  explain: status.trouble,
  "ima diff": status.trouble,
};

/** An invalid command line. */
export function usage(message: string): CliError {
  return new CliError("usage", message);
}

/** Prints an error in one line; for an unforeseen error also its position in the code. Returns the exit status. */
export function refuse(fault: unknown, command: string | undefined): number {
  if (fault instanceof OutputClosed) return status.outputClosed;
  const own = OWN_FAILURE[command ?? ""] ?? status.failure;
  if (!(fault instanceof IsolineError)) {
    note("this should not have happened. Please report it, with what follows:");
    note(harmless(fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)));
    return own;
  }
  note(harmless(fault.message));
  switch (fault.code as string) {
    case "bad-query":
    case "usage":
      note(`see isoline ${command ?? ""} --help`.replace("  ", " "));
      return status.usage;
    case "no-such-command":
      return status.notFound;
    case "not-executable":
      return status.notExecutable;
    default:
      return own;
  }
}
