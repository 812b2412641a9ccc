/** What others must not read, such as a token or a private key: refused where it is open to them, with the step that closes it. */
import { lstatSync, realpathSync, type Stats } from "node:fs";
import { CliError } from "../error.ts";

const OTHERS = 0o077;

type Kind = "file" | "directory";

/**
 * Refuses what belongs to another user, is open to others, or is reached by a symbolic link. `insteadOfLink` is the step to tell for a
 * link: to name the file behind it, if left out.
 */
export function assertClosed(path: string, kind: Kind, insteadOfLink?: string): void {
  const user = process.geteuid?.() ?? 0;
  const odd = oddOf(path, kind, user, insteadOfLink);
  if (odd === undefined) return;
  throw new CliError(
    "bad-fleet-configuration",
    `${path}: expected a ${kind} of user ${user} that is closed to others, got ${odd.got}; ${odd.next}`,
  );
}

/** Whether something is there. Refuses where the directories on the way may not be looked into. */
export function isThere(path: string): boolean {
  const stat = statOf(path);
  if (typeof stat !== "string") return stat !== undefined;
  throw new CliError(
    "bad-fleet-configuration",
    `${path}: expected a place that user ${process.geteuid?.() ?? 0} can look at, got ${stat}; correct the rights of the directories on the way`,
  );
}

interface Odd {
  readonly got: string;
  readonly next: string;
}

/** What is wrong with it, and what to do about that: each in its own words, since chmod helps against one of them alone. */
function oddOf(path: string, kind: Kind, user: number, insteadOfLink?: string): Odd | undefined {
  const stat = statOf(path);
  if (stat === undefined) return { got: "nothing", next: "correct the path" };
  if (typeof stat === "string") return { got: stat, next: "correct the rights of the directories on the way" };
  if (stat.isSymbolicLink()) return { got: "a symbolic link", next: insteadOfLink ?? behind(path, kind) };
  if (!(kind === "file" ? stat.isFile() : stat.isDirectory())) return { got: "something else", next: `name a ${kind}` };
  const [isOther, isOpen] = [stat.uid !== 0 && stat.uid !== user, (stat.mode & OTHERS) !== 0];
  const got = `one of user ${stat.uid} with mode 0${(stat.mode & 0o777).toString(8)}`;
  const close = `chmod ${kind === "file" ? "600" : "700"} it`;
  if (isOther) return { got, next: `chown ${user} it${isOpen ? ` and ${close}` : ""}, or be user ${stat.uid}` };
  return isOpen ? { got, next: close } : undefined;
}

/** A code of an error where it cannot be looked at. */
function statOf(path: string): Stats | string | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code ?? "no answer";
  }
}

function behind(path: string, kind: Kind): string {
  try {
    return `name the ${kind} behind it, ${realpathSync(path)}`;
  } catch {
    return `it leads nowhere: name a ${kind}`;
  }
}
