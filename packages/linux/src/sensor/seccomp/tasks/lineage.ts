/**
 * The process from which a new one was forked, and its identity at that time.
 *
 * Every fork is allowed by the supervisor, which records the forker's identity. A child's first call comes before its own exec,
 * so it still runs its forker's program, at the same addresses (`ImageMarks`).
 *
 * The parent in /proc is the forker, unless the forker ended first (then another process adopted the child) or created the
 * child as a sibling (CLONE_PARENT). If both are impossible, that parent is certain. Otherwise the mark proves in which run of
 * a program the child was forked, and so its identity. Any process that forked in that run may be the parent, and the child is
 * trusted no more than the least trusted of them. If no mark decides, and the candidates have different identities, one is
 * chosen and reported as a guess.
 */
import { statx } from "../../../abi/libc.ts";
import { AT_FDCWD, Stat, STATX_MASK } from "../../../abi/stat.ts";
import type { Identity } from "../../acting.ts";
import type { ForkedAs, Process } from "./process.ts";
import { terminated } from "../../../abi/bytes.ts";
import type { ImageMarks } from "./image-marks.ts";
import type { Launchers } from "./launchers.ts";

export interface Origin {
  readonly parent: Process | undefined;
  readonly identity: Identity;
  readonly guessed: boolean;
  /** Other possible parents. */
  readonly others: readonly Process[];
  /** It is the first process of the namespace, or of a call that was brought into it. */
  readonly isLaunched: boolean;
  /** The program that it runs: `device:inode`. */
  readonly executable: string;
}

/** A newly discovered process. */
interface Newcomer {
  readonly pid: number;
  readonly executable: string;
}

interface Candidate {
  readonly as: ForkedAs;
  readonly parent: Process;
}

/** Number of dead processes that are kept as possible parents, and of programs of one process whose forks are remembered. */
const DEAD_KEPT = 4096;
const RUNS_KEPT = 64;
/** Number of children of one process that are kept as possible creators of siblings. */
const MAKERS_KEPT = 64;

export class Lineage {
  readonly #launchers: Launchers;
  readonly #marks: ImageMarks;
  readonly #root: Identity;
  /** A living process by its number. */
  readonly #find: (pid: number) => Process | undefined;
  readonly #living: () => Iterable<Process>;
  readonly #dead = new Set<Process>();
  /** The processes that forked in each run of a program, including dead ones as long as they are remembered. */
  readonly #byMark = new Map<string, Set<Process>>();
  #hasForgotten = false;
  /** Children of each process that may have created siblings, whose parent in /proc is then that process. */
  readonly #siblingMakers = new WeakMap<Process, Set<Process>>();

  constructor(
    launchers: Launchers,
    marks: ImageMarks,
    root: Identity,
    find: (pid: number) => Process | undefined,
    living: () => Iterable<Process>,
  ) {
    this.#launchers = launchers;
    this.#marks = marks;
    this.#root = root;
    this.#find = find;
    this.#living = living;
  }

  /** Records the identity of a process that is allowed to fork; `asSibling`: it may create a child of its own parent. */
  forks(process: Process, tid: number, asSibling: boolean): void {
    if (asSibling && process.named) this.#makesSiblings(process, process.named);
    if (process.hasForked) return;
    process.hasForked = true;
    const mark = this.#marks.of(tid);
    process.forkedAs.push({ identity: process.identity, executable: process.executable, mark });
    if (process.forkedAs.length > RUNS_KEPT) this.#forgetRun(process);
    if (mark === undefined) return;
    const same = this.#byMark.get(mark);
    if (same) same.add(process);
    else this.#byMark.set(mark, new Set([process]));
  }

  /** Keeps a dead process as a possible parent of undiscovered children. */
  remember(process: Process): void {
    if (process.forkedAs.length === 0) return;
    this.#dead.add(process);
    if (this.#dead.size <= DEAD_KEPT) return;
    const [oldest] = this.#dead;
    this.#forget(oldest as Process);
  }

  /** Those that are kept. */
  get dead(): Iterable<Process> {
    return this.#dead;
  }

  /** For a newly discovered process, with its parent in /proc. */
  trace(pid: number, ppid: number): Origin {
    if (this.#launchers.startsWith(ppid)) {
      const launched = { parent: undefined, identity: this.#root, guessed: false, others: [], isLaunched: true };
      return { ...launched, executable: executableOf(pid) };
    }
    const named = this.#find(ppid);
    if (named && !named.adopts) return this.#onlyRunOf(named) ?? this.#childOf(named, newcomer(pid));
    const child = newcomer(pid);
    const proven = this.#proven(child);
    if (proven.length > 0) return chosen(child, proven, named, false);
    const pool = likely(candidates([...this.#dead, ...this.#living()], child));
    return this.#likeliest(child, pool, named, this.#hasForgotten);
  }

  /** For a child of a process that adopts none and has forked in one run only, and whose children cannot create siblings. */
  #onlyRunOf(named: Process): Origin | undefined {
    const [run] = named.forkedAs;
    if (run === undefined || named.forkedAs.length > 1 || named.hasForgottenRuns) return undefined;
    if (this.#siblingMakers.has(named)) return undefined;
    const { identity, executable } = run;
    wasBorn(named, named);
    return { parent: named, identity, guessed: false, others: [], isLaunched: false, executable };
  }

  /** For a child of a process that adopts none: it was forked by that process, or by a child of it that may create siblings. */
  #childOf(named: Process, child: Newcomer): Origin {
    const makers = [...(this.#siblingMakers.get(named) ?? [])].filter((maker) => maker.unbornSiblings > 0);
    const all = candidates([...makers, named], child);
    const isIncomplete = makers.length >= MAKERS_KEPT || [named, ...makers].some((each) => each.hasForgottenRuns);
    if (!isIncomplete && !differ(all) && all.every(({ parent }) => parent === named))
      return this.#likeliest(child, all, named, false);
    const proven = this.#proven(child);
    return proven.length > 0 ? chosen(child, proven, named, false) : this.#likeliest(child, all, named, isIncomplete);
  }

  /** The processes that forked in the run of a program that the child continues. */
  #proven(child: Newcomer): readonly Candidate[] {
    const mark = this.#marks.proof(this.#marks.of(child.pid));
    return mark === undefined ? [] : likely(candidates(this.#byMark.get(mark) ?? [], child, mark));
  }

  #makesSiblings(process: Process, named: Process): void {
    const makers = this.#siblingMakers.get(named) ?? new Set();
    this.#siblingMakers.set(named, makers.add(process));
    const [oldest] = makers;
    if (makers.size > MAKERS_KEPT) makers.delete(oldest as Process);
  }

  /** The best remaining answer, certain only if all candidates agree. */
  #likeliest(child: Newcomer, pool: readonly Candidate[], named: Process | undefined, isIncomplete: boolean): Origin {
    if (pool.length > 0) return chosen(child, pool, named, isIncomplete || differ(pool));
    // No forker runs this executable: use the parent in /proc if there is one.
    const identity = named?.identity ?? this.#root;
    return { parent: named, identity, guessed: true, others: [], isLaunched: false, executable: child.executable };
  }

  #forget(process: Process): void {
    this.#hasForgotten = true;
    this.#dead.delete(process);
    for (const { mark } of process.forkedAs) this.#drop(process, mark);
  }

  #forgetRun(process: Process): void {
    this.#hasForgotten = true;
    process.hasForgottenRuns = true;
    this.#drop(process, process.forkedAs.shift()?.mark);
  }

  #drop(process: Process, mark: string | undefined): void {
    const same = mark === undefined ? undefined : this.#byMark.get(mark);
    if (same?.delete(process) && same.size === 0) this.#byMark.delete(mark as string);
  }
}

/** The processes that expect a child; all of them, if none does. */
function likely(candidates: readonly Candidate[]): readonly Candidate[] {
  const expecting = candidates.filter(({ parent }) => parent.unborn + parent.unbornSiblings > 0);
  return expecting.length > 0 ? expecting : candidates;
}

function differ(candidates: readonly Candidate[]): boolean {
  return candidates.some(({ as }) => as.identity.id !== candidates[0]?.as.identity.id);
}

/** The identities with which each process forked that the child may have; an unknown executable ("") matches any. */
function candidates(processes: Iterable<Process>, { executable }: Newcomer, mark?: string): Candidate[] {
  const found: Candidate[] = [];
  for (const parent of processes)
    for (const as of parent.forkedAs) {
      const isSame = executable === "" || as.executable === "" || as.executable === executable;
      if (isSame && (mark === undefined || as.mark === mark)) found.push({ as, parent });
    }
  return found;
}

function chosen(
  { executable }: Newcomer,
  pool: readonly Candidate[],
  named: Process | undefined,
  guessed: boolean,
): Origin {
  const { parent, as } = pool.findLast((each) => each.parent === named) ?? (pool.at(-1) as Candidate);
  const others = [...new Set(pool.map((each) => each.parent))].filter((each) => each !== parent);
  if (others.length === 0 && !guessed) wasBorn(parent, named);
  return { parent, identity: as.identity, guessed, others, isLaunched: false, executable };
}

/**
 * One expected child less. Counted only if it is certain: a needless candidate is harmless, a missing one would exclude the
 * right parent.
 */
function wasBorn(parent: Process, named: Process | undefined): void {
  if (parent === named && parent.unborn > 0) parent.unborn -= 1;
  else if (parent !== named && parent.unbornSiblings > 0) parent.unbornSiblings -= 1;
}

function newcomer(pid: number): Newcomer {
  return { pid, executable: executableOf(pid) };
}

const stat = new Stat();

/** `device:inode` of a file. */
export function fileMark(file: Stat): string {
  return `${file.device}:${file.inode}`;
}

/** `device:inode` of a process's executable; "" if it may not be read. */
export function executableOf(pid: number): string {
  return statx(AT_FDCWD, terminated(`/proc/${pid}/exe`), 0, STATX_MASK, stat.bytes) < 0 ? "" : fileMark(stat);
}
