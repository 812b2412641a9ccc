/**
 * Which program made a namespace that a task is in: mounts of their own have no other name that every run and machine has.
 *
 * `unshare`, `setns` and `clone` are seen when they begin. What came of them shows when the task, or a child, is looked at
 * later: it is in another namespace than before. The number of a namespace is given again once it is gone, so a number
 * alone never says whose one is.
 */
import { namespaceOf } from "../../../process/namespace-of.ts";
import type { Process } from "./process.ts";

export type World = "mnt" | "net";

/** Of a namespace that no program of the behaviour namespace made. */
export const FOREIGN = "foreign";

interface Seen {
  /** Inode of the namespace as it was looked at last, and the program that made it; the launch's has none. */
  readonly inode: number;
  readonly maker: string;
}

/** What is known of one process and one kind of namespace. */
interface Life {
  seen?: Seen;
  /** The program that asked for a new one, for itself or for a child, since it was looked at; or that entered one that was there. */
  asked?: string;
  askedForChild?: string;
}

const FLAGS: Readonly<Record<World, number>> = { mnt: 0x0002_0000, net: 0x4000_0000 };
const MOST_KNOWN = 4096;
/** As deep as anybody looks for who asked. */
const MOST_ANCESTORS = 64;

export class Worlds {
  readonly #lives: Readonly<Record<World, WeakMap<Process, Life>>> = { mnt: new WeakMap(), net: new WeakMap() };
  readonly #makers: Readonly<Record<World, Map<number, string>>> = { mnt: new Map(), net: new Map() };
  readonly #own: Readonly<Record<World, number>>;
  /** Kinds of which somebody was let make or enter one: until then everybody is where the launch is. */
  readonly #left = new Set<World>();

  constructor() {
    this.#own = { mnt: namespaceOf("self", "mnt"), net: namespaceOf("self", "net") };
  }

  /** Whether anybody may be in another namespace of the kind than the launch. */
  mayDiffer(kind: World): boolean {
    return this.#left.has(kind);
  }

  /** A process is let make or enter namespaces of these kinds (CLONE_NEW flags; none: what a descriptor stands for). */
  entering(process: Process, tid: number, call: "unshare" | "setns" | "clone", flags: number): void {
    for (const kind of ["mnt", "net"] as const) {
      if ((flags & FLAGS[kind]) === 0 && !(call === "setns" && flags === 0)) continue;
      this.#left.add(kind);
      // What came of an earlier call is looked at before it is mixed up with this one.
      this.makerOf(kind, process, tid);
      const life = this.#lifeOf(kind, process);
      if (call === "clone") life.askedForChild = process.identity.program;
      else if (call === "unshare") life.asked = process.identity.program;
      else delete life.asked;
    }
  }

  /** The program that made the namespace of a thread; "" for that of the launch. */
  makerOf(kind: World, process: Process, tid: number): string {
    const inode = namespaceOf(tid, kind);
    if (inode === this.#own[kind]) return "";
    const life = this.#lifeOf(kind, process);
    if (life.seen?.inode === inode) return life.seen.maker;
    const asked = life.asked ?? (life.seen === undefined ? this.#inherited(kind, process, inode) : undefined);
    const maker = asked ?? this.#makers[kind].get(inode) ?? FOREIGN;
    delete life.asked;
    life.seen = { inode, maker };
    if (this.#makers[kind].size >= MOST_KNOWN) this.#makers[kind].clear();
    this.#makers[kind].set(inode, maker);
    return maker;
  }

  /** Inode of the namespace that the launch is in. */
  own(kind: World): number {
    return this.#own[kind];
  }

  /** Inode of the namespace of a thread; 0 where it is closed to us. */
  inodeOf(kind: World, tid: number): number {
    return namespaceOf(tid, kind);
  }

  /** From the nearest ancestor that is in it, or asked for it. */
  #inherited(kind: World, process: Process, inode: number): string | undefined {
    let above = process.parent;
    for (let steps = 0; above !== undefined && steps < MOST_ANCESTORS; steps++) {
      const life = this.#lives[kind].get(above);
      if (life?.seen?.inode === inode) return life.seen.maker;
      const asked = life?.askedForChild ?? life?.asked;
      if (asked !== undefined) return asked;
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
