import { CliError } from "../../error.ts";

/** A list that is not one; `number` is the entry's, from 1. */
export function badList(number: number, why: string): CliError {
  return new CliError(
    "bad-measurement-list",
    `measurement list, entry ${number}: ${why}; it is damaged, cut off, or no list of the kernel's`,
  );
}
