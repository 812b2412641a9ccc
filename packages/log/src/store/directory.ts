/**
 * A log in a directory, which any web server can serve as it is.
 *
 * Each file is written under another name, synced, and renamed; `settle` syncs the directories that names changed in. So a power
 * failure leaves each file whole, old or new.
 */
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { LogError } from "../error.ts";
import type { ReadTile } from "../tiles/index.ts";
import { LogStore } from "./store.ts";

const UNFINISHED = ".unfinished";

/** Takes the lock of an open directory (`flock(2)`, LOCK_EX and LOCK_NB); false if another process has it. */
export type Lock = (directory: number) => boolean;

/** Reads below a directory. */
export const readDirectory =
  (root: string): ReadTile =>
  (path) =>
    ifThere(() => readFileSync(join(root, path)));

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw fault;
  }
}

export class DirectoryStore extends LogStore {
  readonly read: ReadTile;
  readonly #root: string;
  /** The open directory, which is locked as long as it is open. */
  readonly #held: number;
  /** Directories whose entries are not durable yet. */
  readonly #changed = new Set<string>();

  /** Opens a directory to append to the log in it; refuses while another process does. */
  constructor(root: string, lock: Lock) {
    super();
    this.#root = root;
    this.read = readDirectory(root);
    this.#makeDirectory(root);
    this.#held = openSync(root, "r");
    try {
      if (!lock(this.#held))
        throw new LogError("log-in-use", `another process appends to ${root}; end it first, or send it the entries`);
      // Left by a process that was ended while it wrote.
      rmSync(join(root, UNFINISHED), { force: true });
    } catch (fault) {
      closeSync(this.#held);
      throw fault;
    }
  }

  write(path: string, bytes: Uint8Array): void {
    const target = join(this.#root, path);
    this.#makeDirectory(dirname(target));
    const unfinished = join(this.#root, UNFINISHED);
    const fd = openSync(unfinished, "w", 0o644);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(unfinished, target);
    this.#changed.add(dirname(target));
  }

  settle(): void {
    for (const directory of this.#changed) syncDirectory(directory);
    this.#changed.clear();
  }

  names(directory: string): readonly string[] {
    return ifThere(() => readdirSync(join(this.#root, directory))) ?? [];
  }

  remove(directory: string): void {
    const target = join(this.#root, directory);
    rmSync(target, { recursive: true, force: true });
    this.#changed.delete(target);
  }

  async close(): Promise<void> {
    try {
      this.settle();
    } finally {
      // Else this process would keep itself out.
      closeSync(this.#held);
    }
  }

  /** Every directory that is made is an entry of its parent, which has to be durable too. */
  #makeDirectory(directory: string): void {
    const first = mkdirSync(directory, { recursive: true });
    if (first === undefined) return;
    // An absolute path gets shorter with each step up; "." is its own parent.
    const highest = resolve(first).length;
    for (let made = resolve(directory); made.length >= highest; made = dirname(made)) this.#changed.add(dirname(made));
  }
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
