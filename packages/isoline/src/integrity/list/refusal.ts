import { CliError } from "../../error.ts";

/** The refusal of an invalid list; `number` is the entry's, from 1. */
export function badList(number: number, why: string): CliError {
  return new CliError(
    "bad-measurement-list",
    `measurement list, entry ${number}: ${why}; it is damaged or truncated, or is not a list of the kernel`,
  );
}
