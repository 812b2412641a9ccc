/**
 * A file that is written when a workload has ended, in a directory that was opened before the workload began.
 *
 * The workload may own that directory. If it puts a link or another file under the file's name, or replaces the directory, this
 * is not followed and not written into: the result goes into a new file, which is renamed into place in that same directory.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, fsyncSync, writeSync } from "node:fs";
import { getSystemErrorName } from "node:util";
import { basename, dirname } from "node:path";
import { type Entry, HeldDirectory } from "@isoline/linux";
import { CliError } from "../error.ts";
import { readOpened } from "./bounded-file.ts";

const { O_APPEND, O_CREAT, O_RDONLY, O_WRONLY } = constants;
const UNCHANGED = "what was there before is unchanged. Make room or choose another place, and run again";

export class Output {
  readonly #path: string;
  readonly #name: string;
  readonly #directory: HeldDirectory;
  /** The file before the workload: only users who may read it may read the result. */
  readonly #before: Entry | undefined;
  /** For a character device (`/dev/null`), which is written into. */
  readonly #device: number | undefined;

  private constructor(path: string, directory: HeldDirectory) {
    this.#path = path;
    this.#name = basename(path);
    this.#directory = directory;
    this.#before = directory.look(this.#name);
    this.#device = this.#before?.kind === "character device" ? directory.open(this.#name, O_WRONLY) : undefined;
    if (this.#device !== undefined && this.#device < 0) throw refused(path, reason(this.#device));
  }

  /** Opens the directory of a path; refuses one that could not be written, or a path where another kind of file is. */
  static open(path: string): Output {
    if (path === "" || path.endsWith("/")) throw refused(path, "it is a directory; name a file");
    const directory = HeldDirectory.open(dirname(path));
    if (typeof directory === "number") throw refused(path, `its directory ${whyClosed(directory)} (${dirname(path)})`);
    try {
      const output = new Output(path, directory);
      output.#assertFit();
      return output;
    } catch (fault) {
      directory.close();
      throw fault;
    }
  }

  /** The directory, to be locked. */
  get directory(): number {
    return this.#directory.fd;
  }

  /** Whether there is a file to be read; a device has none. */
  get exists(): boolean {
    return this.#directory.look(this.#name)?.kind === "file";
  }

  get isDevice(): boolean {
    return this.#device !== undefined;
  }

  /** The existing content, up to a size. */
  read(most: number): Buffer {
    const fd = this.#directory.open(this.#name, 0);
    if (fd < 0) throw new CliError("cannot-read", `cannot read ${this.#path}: ${reason(fd)}`);
    return readOpened(fd, this.#path, most, "a contour");
  }

  /** Writes text or bytes, so that at any moment either the earlier content or all of the new one is there. */
  write(chunks: Iterable<string | Uint8Array>, mode = 0o644): void {
    if (this.#device !== undefined) return this.#writeInto(this.#device, chunks);
    const aside = `.${this.#name}.${randomBytes(6).toString("hex")}`;
    const fd = this.#directory.create(aside, mode);
    if (fd < 0) throw refused(this.#path, `${reason(fd)}; ${UNCHANGED}`);
    try {
      try {
        for (const chunk of chunks) writeWhole(fd, chunk);
        this.#keepRights(fd);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      const result = this.#directory.rename(aside, this.#name);
      if (result < 0) throw refused(this.#path, `${reason(result)}; ${UNCHANGED}`);
      this.#sync();
    } catch (fault) {
      this.#directory.remove(aside);
      if (fault instanceof CliError) throw fault;
      throw refused(this.#path, `${fault instanceof Error ? fault.message : String(fault)}; ${UNCHANGED}`, fault);
    }
  }

  /** Refuses a place that has no room for so many bytes now. What was there before is unchanged. */
  assertRoom(bytes: number): void {
    if (bytes === 0 || this.#device !== undefined) return;
    const probe = `.${this.#name}.${randomBytes(6).toString("hex")}`;
    const fd = this.#directory.create(probe, 0o600);
    if (fd < 0) throw refused(this.#path, `${reason(fd)}; ${UNCHANGED}`);
    try {
      // No zeros: a file system may keep those without room for them.
      writeWhole(fd, randomBytes(bytes));
      fsyncSync(fd);
    } catch (fault) {
      throw refused(this.#path, `${fault instanceof Error ? fault.message : String(fault)}; ${UNCHANGED}`, fault);
    } finally {
      closeSync(fd);
      this.#directory.remove(probe);
    }
  }

  /** The whole of a small file beside this one, whose name goes on with `suffix`; undefined where there is none. */
  readBeside(suffix: string, most: number): Buffer | undefined {
    const name = `${this.#name}${suffix}`;
    if (this.#directory.look(name)?.kind !== "file") return undefined;
    const fd = this.#directory.open(name, O_RDONLY);
    return fd < 0 ? undefined : readOpened(fd, `${this.#path}${suffix}`, most, "a small file");
  }

  removeBeside(suffix: string): void {
    this.#directory.remove(`${this.#name}${suffix}`);
  }

  /** Removes the existing file, which must not be mistaken for a result that never came. The new file still gets its permissions. */
  removeOld(): void {
    if (this.#before?.kind === "file") this.#directory.remove(this.#name);
  }

  /** Removes the file, if there is one. */
  remove(): void {
    if (this.#device === undefined) this.#directory.remove(this.#name);
  }

  /**
   * Creates a new file in this place at once and returns its descriptor, for output that grows while the workload runs. The file is
   * never there without its beginning.
   */
  begin(mode: number, beginning = ""): number {
    if (this.#device !== undefined) {
      writeWhole(this.#device, beginning);
      return this.#device;
    }
    const aside = `.${this.#name}.${randomBytes(6).toString("hex")}`;
    const fd = this.#directory.create(aside, mode);
    if (fd < 0) throw refused(this.#path, reason(fd));
    try {
      writeWhole(fd, beginning);
      const result = this.#directory.rename(aside, this.#name);
      if (result < 0) throw refused(this.#path, reason(result));
      return fd;
    } catch (fault) {
      closeSync(fd);
      this.#directory.remove(aside);
      throw fault;
    }
  }

  /** A descriptor that appends to the existing file, or to a new one. A file with a second name may belong to another user. */
  append(mode: number): number {
    if (this.#device !== undefined) return this.#device;
    if ((this.#before?.links ?? 1) > 1) throw refused(this.#path, "it has other names (hard links); name another file");
    const fd = this.#directory.open(this.#name, O_WRONLY | O_APPEND | O_CREAT, mode);
    if (fd < 0) throw refused(this.#path, reason(fd));
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
    throw refused(this.#path, "it is not a regular file");
  }

  close(): void {
    this.#directory.close();
    if (this.#device !== undefined) closeSync(this.#device);
  }

  #assertFit(): void {
    const kind = this.#before?.kind;
    if (kind === "directory") throw refused(this.#path, "it is a directory; name a file");
    if (kind === "link") throw refused(this.#path, "it is a symbolic link; name the file that it leads to");
    if (kind === "other") throw refused(this.#path, "it is a pipe, a socket or a block device; name a file");
    if (this.#device !== undefined) return;
    const probe = `.${this.#name}.${randomBytes(6).toString("hex")}`;
    const fd = this.#directory.create(probe, 0o600);
    if (fd < 0) throw refused(this.#path, `its directory cannot be written to: ${reason(fd)} (${dirname(this.#path)})`);
    closeSync(fd);
    this.#directory.remove(probe);
  }

  #writeInto(device: number, chunks: Iterable<string | Uint8Array>): void {
    try {
      for (const chunk of chunks) writeWhole(device, chunk);
    } catch (fault) {
      const why = fault instanceof Error ? fault.message : String(fault);
      throw refused(this.#path, `${why}. Choose another place, and run again`, fault);
    }
  }

  #keepRights(fd: number): void {
    if (this.#before === undefined) return;
    const { mode, uid, gid } = this.#before;
    fchmodSync(fd, mode & 0o777);
    const own = fstatSync(fd);
    // Only root can change the owner; otherwise a new file belongs to this user, as with every editor that replaces files.
    if ((own.uid !== uid || own.gid !== gid) && process.geteuid?.() === 0) fchownSync(fd, uid, gid);
  }

  /** A directory that may not be read cannot be synced. */
  #sync(): void {
    try {
      fsyncSync(this.#directory.fd);
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== "EBADF") throw fault;
    }
  }
}

/** Writes a file at once, for commands that run no workload. `mode` is that of a new file. */
export function writeDurably(path: string, chunks: Iterable<string | Uint8Array>, mode?: number): void {
  const output = Output.open(path);
  try {
    output.write(chunks, mode);
  } finally {
    output.close();
  }
}

/** Refuses a path that could not be written, or where so many bytes have no room, so that the error does not come after an hour. */
export function assertWritable(path: string, bytes = 0): void {
  const output = Output.open(path);
  try {
    output.assertRoom(bytes);
  } finally {
    output.close();
  }
}

function writeWhole(fd: number, chunk: string | Uint8Array): void {
  const bytes = typeof chunk === "string" ? Buffer.from(chunk, "utf8") : chunk;
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function refused(path: string, why: string, cause?: unknown): CliError {
  return new CliError("cannot-write", `cannot write ${path}: ${why}`, { cause });
}

function reason(result: number): string {
  return getSystemErrorName(result);
}

function whyClosed(result: number): string {
  switch (getSystemErrorName(result)) {
    case "ENOENT":
      return "does not exist";
    case "ELOOP":
      return "is reached through a symbolic link of another user: give the path without it";
    default:
      return `cannot be opened: ${reason(result)}`;
  }
}
