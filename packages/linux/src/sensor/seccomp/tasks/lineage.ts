/**
 * Which process a new one was forked from, and what that one was at the time.
 *
 * Two things are certain. Whoever forks is let do so by us, so only those can be the parent that were let fork more often
 * than children of theirs were met; a forker's children are met as soon as it is back from the fork. And a child's first
 * call comes before its own exec, so it still runs its forker's executable. The parent that /proc names is right unless it died first, executed something else meanwhile, or
 * the child was made a sibling (CLONE_PARENT). If the candidates that are left agree on an identity it is certain; if
 * not, the likeliest is taken and said to be a guess. All of them are told, because trust is that of the least of them.
 */
import { statx } from "../../../abi/libc.ts";
import { AT_FDCWD, Stat, STATX_MASK } from "../../../abi/stat.ts";
import type { Identity } from "../../acting.ts";
import type { Process } from "./process.ts";
import { terminated } from "../../../abi/bytes.ts";
import type { Launchers } from "./launchers.ts";

export interface Origin {
  readonly parent: Process | undefined;
  readonly identity: Identity;
  readonly guessed: boolean;
  /** Who else may be the parent. */
  readonly others: readonly Process[];
}

interface Candidate {
  readonly parent: Process;
  readonly identity: Identity;
}

/** How many dead processes are remembered as possible parents. */
const DEAD_KEPT = 4096;

export class Lineage {
  readonly #launchers: Launchers;
  readonly #root: Identity;
  readonly #living: ReadonlyMap<number, Process>;
  readonly #dead: Process[] = [];

  constructor(launchers: Launchers, root: Identity, living: ReadonlyMap<number, Process>) {
    this.#launchers = launchers;
    this.#root = root;
    this.#living = living;
  }

  /** Keeps a dead process as a possible parent of children that have not been heard of yet. */
  remember(process: Process): void {
    if (!process.hasForked) return;
    this.#dead.push(process);
    if (this.#dead.length > DEAD_KEPT) this.#dead.splice(0, DEAD_KEPT / 2);
  }

  trace(executable: string, ppid: number): Origin {
    if (this.#launchers.startsWith(ppid))
      return { parent: undefined, identity: this.#root, guessed: false, others: [] };
    const named = this.#living.get(ppid);
    for (const group of this.#groups(named)) {
      const candidates = candidatesIn(group, executable);
      const last = candidates.at(-1);
      if (last) return chosen(last, candidates);
    }
    // Nobody that forked runs this executable: name the parent if there is one, and say that it is a guess.
    return { parent: named, identity: named?.identity ?? this.#root, guessed: true, others: [] };
  }

  /** Possible parents, the likeliest groups first and in each the likeliest last. */
  *#groups(named: Process | undefined): Iterable<Iterable<Process>> {
    const forkers = [...this.#forkers()];
    if (named) {
      const siblings = forkers.filter((each) => each.unbornSiblings > 0 && each.parent === named);
      const orphaned = named.adopts ? forkers.filter((each) => expects(each) && descendsFrom(each, named)) : [];
      yield [...orphaned, ...siblings, ...(named.unborn > 0 ? [named] : [])];
    }
    yield forkers.filter(expects);
    yield forkers;
  }

  *#forkers(): Iterable<Process> {
    for (const process of this.#dead) yield process;
    for (const process of this.#living.values()) if (process.hasForked) yield process;
  }
}

function expects(process: Process): boolean {
  return process.unborn + process.unbornSiblings > 0;
}

function descendsFrom(process: Process, ancestor: Process): boolean {
  for (let at = process.parent; at; at = at.parent) if (at === ancestor) return true;
  return false;
}

function chosen(last: Candidate, all: readonly Candidate[]): Origin {
  const { parent, identity } = last;
  if (parent.unborn > 0) parent.unborn -= 1;
  else if (parent.unbornSiblings > 0) parent.unbornSiblings -= 1;
  const others = [...new Set(all.map((each) => each.parent))].filter((each) => each !== parent);
  return { parent, identity, guessed: all.some((other) => other.identity !== identity), others };
}

/** What each process is or was while it ran this executable; the unknown executable ("") matches what a process is now. */
function candidatesIn(processes: Iterable<Process>, executable: string): Candidate[] {
  const found: Candidate[] = [];
  for (const process of processes) {
    if (executable === "" || process.executable === "" || process.executable === executable) {
      found.push({ parent: process, identity: process.identity });
    } else {
      const then = process.past.findLast((past) => past.executable === executable);
      if (then) found.push({ parent: process, identity: then.identity });
    }
  }
  return found;
}

const stat = new Stat();

/** `device:inode` of a file. */
export function fileMark(file: Stat): string {
  return `${file.device}:${file.inode}`;
}

/** `device:inode` of what a process executes; "" where that may not be seen. */
export function executableOf(pid: number): string {
  return statx(AT_FDCWD, terminated(`/proc/${pid}/exe`), 0, STATX_MASK, stat.bytes) < 0 ? "" : fileMark(stat);
}
