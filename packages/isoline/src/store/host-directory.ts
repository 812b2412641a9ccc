/**
 * The places of one host. A machine is one host, with places of its own for root (/run/isoline, /var/lib/isoline). Where several hosts
 * share a machine, as in tests and demonstrations, each has a directory, ISOLINE_HOST_DIRECTORY, with
 *
 *   run/       control sockets, and nothing of any other host
 *   ledger/    what was recorded in the host's TPM
 *   fleet/     what a verifier gave the host when it was enrolled
 *
 * The variable is worth what the rest of the environment is: a user who sets it for isoline could start another isoline as well.
 */
import { isAbsolute, join } from "node:path";
import { CliError } from "../error.ts";

/** A place in the directory of this host; undefined where the machine is the host. Refuses a path that is not absolute. */
export function placeOfHost(place: "run" | "ledger" | "fleet"): string | undefined {
  const directory = process.env["ISOLINE_HOST_DIRECTORY"];
  if (directory === undefined || directory === "") return undefined;
  if (isAbsolute(directory)) return join(directory, place);
  throw new CliError(
    "usage",
    `expected ISOLINE_HOST_DIRECTORY to be an absolute path, got ${JSON.stringify(directory.slice(0, 60))}`,
  );
}
