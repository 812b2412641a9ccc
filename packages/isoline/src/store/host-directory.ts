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
import { homedir } from "node:os";
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

/** Root's, where it has no directory of its own. An isoline before had those of all users there, where an administrator allowed it. */
export const ofRoot = (place: "ledger" | "fleet"): string => join("/var/lib/isoline", place);

/**
 * Where this host keeps what is to stay: for root below /var/lib/isoline, for another user below that user's own directory of state, since
 * no other user may write in root's. A directory of state that is not absolute is ignored, as the XDG specification says.
 */
export function keptByHost(place: "ledger" | "fleet"): string {
  const ofHost = placeOfHost(place);
  if (ofHost !== undefined) return ofHost;
  if (process.geteuid?.() === 0) return ofRoot(place);
  const { XDG_STATE_HOME: state = "", HOME: home = homedir() } = process.env;
  return join(isAbsolute(state) ? state : join(home, ".local/state"), "isoline", place);
}
