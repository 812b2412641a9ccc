/**
 * Which files the workload has built, and who wrote them.
 *
 * A file counts as built if every byte of it was written through descriptors that the supervisor itself opened for tasks that may
 * be makers:
 *
 *   begins    a maker creates it, or opens it to truncate it: it is empty, and the descriptor that the task gets is the only
 *             open one (a write lease on that descriptor proves it; fs/locks.c, check_conflicting_open)
 *   is open   from before that proof on the kernel tells of each open by another process (fanotify); one is enough to give it up.
 *             So is an open for writing, or a truncation, by a task that is no maker
 *   is built  when it is used: no process can write to it (`writers.ts`), the kernel told of no such open, and its version is
 *             still the same
 *
 * Afterwards its version stands for that content, as it does for a digest. Every file with the same digest has the same content,
 * so a copy of it is built by the same makers, wherever it lies and whichever program copied it.
 */
import type { Digest } from "@isoline/core/digest";
import type { Maker } from "@isoline/core/identity";
import { EMPTY, openHow, terminated } from "../../abi/bytes.ts";
import { hearingGroup, hearOpens, othersHaveOpened } from "../../abi/fanotify.ts";
import { close, openat2, statx } from "../../abi/libc.ts";
import { AT_EMPTY_PATH, AT_FDCWD, O_CLOEXEC, O_PATH, Stat, STATX_MASK } from "../../abi/stat.ts";
import { Found } from "./found.ts";
import type { FileKnowledge } from "./knowledge.ts";
import { openReadable } from "./reading.ts";
import { hasOnlyThisDescriptor, TICK_MILLISECONDS } from "./writers.ts";

/** A task that opens a file for writing; undefined if no rule of the policy names it. */
export interface Writing extends Maker {
  /** It may begin a file; otherwise it may only add to what another maker has begun. */
  readonly begins: boolean;
}

/** What was built, by content. */
export type Built = ReadonlyMap<Digest, readonly Maker[]>;

/** Files that are held open until they are used; beyond it the oldest are given up. */
const MOST_OPEN = 128;
/** Contents that are remembered. */
const MOST_BUILT = 4096;
const MOST_MAKERS = 16;

const PATH_ONLY = openHow(O_PATH | O_CLOEXEC, 0, 0);
const pause = new Int32Array(new SharedArrayBuffer(4));

interface Growing {
  readonly fd: number;
  readonly makers: Map<Digest, Maker>;
}

export class Makings {
  readonly #files: FileKnowledge;
  readonly #group: number;
  readonly #growing = new Map<string, Growing>();
  /** By version of the file. */
  readonly #proven = new Map<string, readonly Maker[]>();
  readonly #built = new Map<Digest, readonly Maker[]>();
  readonly #stat = new Stat();

  constructor(files: FileKnowledge) {
    this.#files = files;
    this.#group = hearingGroup();
  }

  /** Takes over what earlier runs have built. */
  know(built: Built): void {
    for (const [digest, makers] of built) this.#keep(digest, makers);
  }

  /** The supervisor has opened `fd` for a task that will write through it, and has not passed it on yet. */
  opened(fd: number, task: Writing | undefined): void {
    if (this.#group < 0 || !this.#look(fd)) return;
    const file = identityOf(this.#stat);
    const growing = this.#growing.get(file);
    if (growing === undefined) {
      if (task?.begins) this.#begin(file, fd, task);
    } else if (task === undefined) this.#giveUp(file);
    else if (this.#stat.size === 0 && task.begins) {
      this.#giveUp(file);
      this.#begin(file, fd, task);
    } else if (growing.makers.size >= MOST_MAKERS) this.#giveUp(file);
    else growing.makers.set(task.task, makerOf(task));
  }

  /** A file is about to be truncated, or extended, by its path. */
  cut(stat: Stat, task: Writing | undefined): void {
    if (task === undefined) this.#giveUp(identityOf(stat));
  }

  /** Who has built this file, if it is built; `digest` is its content's. */
  of(found: Found, digest: Digest | undefined): readonly Maker[] | undefined {
    if (digest === undefined || (this.#growing.size === 0 && this.#built.size === 0)) return undefined;
    const version = this.#files.versionTells(found) ? this.#proven.get(found.version) : undefined;
    if (version !== undefined) return version;
    const growing = this.#growing.get(identityOf(found.stat));
    if (growing !== undefined) this.#prove(growing);
    else if (!this.#built.has(digest)) this.#proveAll(found.stat.size);
    return this.#built.get(digest);
  }

  /** Everything that is built by now, for a later run. */
  all(): Built {
    this.#proveAll(undefined);
    return this.#built;
  }

  close(): void {
    for (const { fd } of this.#growing.values()) close(fd);
    this.#growing.clear();
    if (this.#group >= 0) close(this.#group);
  }

  #begin(file: string, fd: number, task: Writing): void {
    if (!this.#stat.isRegular || this.#stat.size !== 0) return;
    const held = openat2(AT_FDCWD, terminated(`/proc/self/fd/${fd}`), PATH_ONLY);
    if (held < 0) return;
    // The kernel tells of opens first: then nothing can come between the proof and what it tells.
    if (
      hearOpens(this.#group, fd, true) < 0 ||
      !hasOnlyThisDescriptor(fd) ||
      !this.#look(fd) ||
      this.#stat.size !== 0
    ) {
      close(held);
      return;
    }
    this.#growing.set(file, { fd: held, makers: new Map([[task.task, makerOf(task)]]) });
    if (this.#growing.size > MOST_OPEN) this.#giveUp(this.#growing.keys().next().value as string);
  }

  /** Proves every file that may have this size, so that a copy of it is recognised. */
  #proveAll(size: number | undefined): void {
    for (const growing of [...this.#growing.values()])
      if (size === undefined || (this.#look(growing.fd) && this.#stat.size === size)) this.#prove(growing);
  }

  #prove(growing: Growing): void {
    const found = new Found();
    const fd = openat2(AT_FDCWD, terminated(`/proc/self/fd/${growing.fd}`), PATH_ONLY);
    try {
      if (fd < 0 || found.adoptUnnamed(fd) < 0) return;
      const file = identityOf(found.stat);
      awaitTick(found.stat);
      const { digest, passing, remark } = this.#files.contentOf(found);
      if (digest === undefined || passing === true || remark?.what === "written") return;
      // What opened it before that proof has been told of by now.
      if (othersHaveOpened(this.#group)) this.#giveUpAll();
      else if (this.#growing.has(file) && this.#files.isStill(found)) this.#conclude(file, found, digest, growing);
    } finally {
      found.close();
    }
  }

  #conclude(file: string, found: Found, digest: Digest, { makers }: Growing): void {
    const all = [...makers.values()];
    if (this.#proven.size >= MOST_BUILT) this.#proven.clear();
    this.#proven.set(found.version, all);
    this.#keep(digest, all);
    this.#giveUp(file);
  }

  #keep(digest: Digest, makers: readonly Maker[]): void {
    this.#built.delete(digest);
    this.#built.set(digest, makers);
    if (this.#built.size > MOST_BUILT) this.#built.delete(this.#built.keys().next().value as Digest);
  }

  #giveUpAll(): void {
    for (const file of [...this.#growing.keys()]) this.#giveUp(file);
  }

  #giveUp(file: string): void {
    const growing = this.#growing.get(file);
    if (growing === undefined) return;
    this.#growing.delete(file);
    const readable = openReadable(growing.fd);
    if (readable !== undefined) {
      hearOpens(this.#group, readable, false);
      close(readable);
    }
    close(growing.fd);
  }

  #look(fd: number): boolean {
    return statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, this.#stat.bytes) >= 0;
  }
}

function makerOf({ task, program }: Writing): Maker {
  return { task, program };
}

/** Device, inode and birth time: a file, whatever its content is. */
function identityOf({ bytes }: Stat): string {
  return `${bytes.toString("hex", 136, 144)}${bytes.toString("hex", 32, 40)}${bytes.toString("hex", 80, 92)}`;
}

/** A change within the same tick of the clock would leave no trace, so a file that was just written is not proven before the next. */
function awaitTick({ changedAtMilliseconds }: Stat): void {
  const left = changedAtMilliseconds + TICK_MILLISECONDS + 1 - Date.now();
  if (left > 0 && left <= TICK_MILLISECONDS + 1) Atomics.wait(pause, 0, 0, left);
}
