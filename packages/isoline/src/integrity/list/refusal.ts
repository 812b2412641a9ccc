import { CliError } from "../../error.ts";

/** The refusal of an invalid list; `number` is the entry's, from 1. */
export function badList(number: number, why: string): CliError {
  return new CliError(
    "bad-measurement-list",
    `measurement list, entry ${number}: ${why}; it is damaged, cut off, or no list of the kernel's`,
  );
}
