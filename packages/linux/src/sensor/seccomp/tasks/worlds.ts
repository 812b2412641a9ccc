/**
 * Which program created a namespace that a task is in: a mount namespace has no other name that is the same in every run.
 *
 * `unshare`, `setns` and `clone` are mediated before they take effect. Their result shows when the task, or a child, is
 * examined later: it is in another namespace than before. The number of a namespace is reused once it is gone, so the number
 * alone does not identify one.
 */
import { namespaceOf } from "../../../process/namespace-of.ts";
import type { Process } from "./process.ts";

export type World = "mnt" | "net";

/** The maker of a namespace that no program of the behaviour namespace created. */
export const FOREIGN = "foreign";

interface Seen {
  /** Inode of the namespace when it was last examined, and the program that created it; undefined for the launch's. */
  readonly inode: number;
  readonly maker: string;
}

/** What is known about one process and one kind of namespace. */
interface Life {
  seen?: Seen;
  /** The program that asked for a new one since the last examination, for itself or for a child; or that entered an existing one. */
  asked?: string;
  askedForChild?: string;
  /** It entered a namespace that exists, so what its ancestors asked for says nothing of where it is. */
  hasEntered?: true;
}

const FLAGS: Readonly<Record<World, number>> = { mnt: 0x0002_0000, net: 0x4000_0000 };
const MOST_KNOWN = 4096;
/** The number of ancestors that are searched. */
const MOST_ANCESTORS = 64;

export class Worlds {
  readonly #lives: Readonly<Record<World, WeakMap<Process, Life>>> = { mnt: new WeakMap(), net: new WeakMap() };
  readonly #makers: Readonly<Record<World, Map<number, string>>> = { mnt: new Map(), net: new Map() };
  readonly #own: Readonly<Record<World, number>>;
  /** Kinds of namespaces that a task was allowed to create or enter: until then every task is in the launch's. */
  readonly #left = new Set<World>();

  constructor() {
    this.#own = { mnt: namespaceOf("self", "mnt"), net: namespaceOf("self", "net") };
  }

  /** Whether any task may be in another namespace of the kind than the launch's. */
  mayDiffer(kind: World): boolean {
    return this.#left.has(kind);
  }

  /** A process is allowed to create or enter namespaces of these kinds (CLONE_NEW flags; none: the kind depends on a descriptor). */
  entering(process: Process, tid: number, call: "unshare" | "setns" | "clone", flags: number): void {
    for (const kind of ["mnt", "net"] as const) {
      if ((flags & FLAGS[kind]) === 0 && !(call === "setns" && flags === 0)) continue;
      this.#left.add(kind);
      // The result of an earlier call is determined before this one can be confused with it.
      this.makerOf(kind, process, tid);
      const life = this.#lifeOf(kind, process);
      if (call === "clone") life.askedForChild = process.identity.program;
      else if (call === "unshare") life.asked = process.identity.program;
      else {
        delete life.asked;
        life.hasEntered = true;
      }
    }
  }

  /** The program that created the namespace of a thread; "" for the launch's. */
  makerOf(kind: World, process: Process, tid: number): string {
    const inode = namespaceOf(tid, kind);
    if (inode === this.#own[kind]) return "";
    const life = this.#lifeOf(kind, process);
    if (life.seen?.inode === inode) return life.seen.maker;
    const inherits = life.seen === undefined && life.hasEntered !== true;
    const asked = life.asked ?? (inherits ? this.#inherited(kind, process, inode) : undefined);
    const maker = asked ?? this.#makers[kind].get(inode) ?? FOREIGN;
    delete life.asked;
    life.seen = { inode, maker };
    if (this.#makers[kind].size >= MOST_KNOWN) this.#makers[kind].clear();
    this.#makers[kind].set(inode, maker);
    return maker;
  }

  /** Inode of the launch's namespace. */
  own(kind: World): number {
    return this.#own[kind];
  }

  /** Inode of a thread's namespace; 0 if it may not be read. */
  inodeOf(kind: World, tid: number): number {
    return namespaceOf(tid, kind);
  }

  /** Taken from the nearest ancestor that is in it, or that asked for it. */
  #inherited(kind: World, process: Process, inode: number): string | undefined {
    let above = process.parent;
    for (let steps = 0; above !== undefined && steps < MOST_ANCESTORS; steps++) {
      const life = this.#lives[kind].get(above);
      if (life?.seen?.inode === inode) return life.seen.maker;
      const asked = life?.askedForChild ?? life?.asked;
      if (asked !== undefined) return asked;
      // Of those that are forgotten, any may have entered another.
      if (life?.hasEntered === true || above.hasGap) return undefined;
      above = above.parent;
    }
    return undefined;
  }

  #lifeOf(kind: World, process: Process): Life {
    let life = this.#lives[kind].get(process);
    if (life === undefined) {
      life = {};
      this.#lives[kind].set(process, life);
    }
    return life;
  }
}
