/** A push or a request that the agent does not carry out. The pusher gets the message; nothing of the push is kept. */
import { CliError } from "../error.ts";

export function refused(expected: string, got: string, advice = "make the push anew"): CliError {
  return new CliError("bad-push", `expected ${expected}, got ${got}; ${advice}`);
}

/** Text of a stranger's, short and in one line. */
export function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
