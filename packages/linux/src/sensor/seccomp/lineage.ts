/**
 * Which process a new one was forked from, and what that one was at the time.
 *
 * The parent named in /proc is right unless it died first, executed something else meanwhile, or the child was made a
 * sibling (CLONE_PARENT). A child's first call comes before its own exec, so it still runs its forker's executable: that
 * is what candidates are matched by. If the candidates agree on an identity it is certain; if not, the latest is taken
 * and said to be a guess.
 */
import { statx } from "../../abi/libc.ts";
import { AT_FDCWD, Stat, STATX_MASK } from "../../abi/stat.ts";
import type { Identity, Process } from "./actors.ts";
import { terminated } from "./bytes.ts";

export interface Origin {
  readonly parent: Process | undefined;
  readonly identity: Identity;
  readonly guessed: boolean;
}

/** How many dead processes are remembered as possible parents. */
const DEAD_KEPT = 4096;

export class Lineage {
  readonly #supervisor: number;
  readonly #root: Identity;
  readonly #living: ReadonlyMap<number, Process>;
  readonly #dead: Process[] = [];
  #firstSeen = false;

  constructor(supervisor: number, root: Identity, living: ReadonlyMap<number, Process>) {
    this.#supervisor = supervisor;
    this.#root = root;
    this.#living = living;
  }

  /** Keeps a dead process as a possible parent of children that have not been heard of yet. */
  remember(process: Process): void {
    if (!process.hasForked) return;
    this.#dead.push(process);
    if (this.#dead.length > DEAD_KEPT) this.#dead.splice(0, DEAD_KEPT / 2);
  }

  trace(pid: number, ppid: number): Origin {
    if (ppid === this.#supervisor && !this.#firstSeen) {
      this.#firstSeen = true;
      return { parent: undefined, identity: this.#root, guessed: false };
    }
    const executable = executableOf(pid);
    const named = this.#living.get(ppid);
    const candidates = named && !this.#hasSiblingForker(named) ? candidatesIn([named], executable) : [];
    const found = candidates.length > 0 ? candidates : candidatesIn(this.#forkers(), executable);
    const last = found.at(-1);
    if (last) return { ...last, guessed: found.some((other) => other.identity !== last.identity) };
    // Nobody that forked runs this executable: name the parent if there is one, and say that it is a guess.
    return { parent: named, identity: named?.identity ?? this.#root, guessed: true };
  }

  #hasSiblingForker(parent: Process): boolean {
    for (const process of this.#living.values()) if (process.forksSiblings && process.parent === parent) return true;
    return false;
  }

  *#forkers(): Iterable<Process> {
    for (const process of this.#dead) yield process;
    for (const process of this.#living.values()) if (process.hasForked) yield process;
  }
}

/** What each process is or was while it ran this executable; the unknown executable ("") matches what a process is now. */
function candidatesIn(processes: Iterable<Process>, executable: string): { parent: Process; identity: Identity }[] {
  const found: { parent: Process; identity: Identity }[] = [];
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
