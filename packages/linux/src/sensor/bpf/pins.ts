/**
 * The pins that outlive a supervisor: a directory for each load, on a bpf file system.
 *
 *   /sys/fs/bpf/isoline/lsm-0123456789abcdef/    how it is attached, and the beginning of the SHA-256 of the object
 *
 * A load is made, entered and left under a lock on the directory above, so that a process that finds a load finds it complete.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { flock } from "../../abi/libc.ts";
import { fileSystemOf, mount } from "../../abi/mounts.ts";
import { LinuxError } from "../../error.ts";
import { kept } from "../../libbpf/map.ts";

const BPF_FS = "/sys/fs/bpf";
export const BPF_FS_MAGIC = 0xcafe4a11;
export const PINS = `${BPF_FS}/isoline`;
/** A load that is not complete yet; under the lock, no other process is making one. */
const UNFINISHED = `${PINS}/unfinished`;

const LOCK_EX = 2;
const LOCK_NB = 4;
/** On an emulated processor a load takes a second; no load takes a minute. */
const LOCK_MS = 60_000;
const RETRY_MS = 5;

/** Calls `body` while no other process makes, enters or leaves a load. */
export function withLock<T>(body: () => T): T {
  mountBpfFileSystem();
  let fd: number | undefined;
  try {
    mkdirSync(PINS, { recursive: true, mode: 0o700 });
    fd = openSync(PINS, "r");
    lock(fd);
    return body();
  } catch (fault) {
    throw isRefused(fault) ? kept(`${PINS} may not be changed`) : fault;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function isRefused(fault: unknown): boolean {
  const { code, path = "" } = fault as NodeJS.ErrnoException;
  return code === "EPERM" && path.startsWith(BPF_FS);
}

/** Lets `fill` pin into an empty directory, which is renamed to `directory` when it is complete. */
export function pinWhole(directory: string, fill: (unfinished: string) => void): void {
  rmSync(UNFINISHED, { recursive: true, force: true });
  mkdirSync(UNFINISHED, { mode: 0o700 });
  // A user who cannot remove pins must not pin anything: it would stay attached.
  rmdirSync(UNFINISHED);
  mkdirSync(UNFINISHED, { mode: 0o700 });
  try {
    fill(UNFINISHED);
    renameSync(UNFINISHED, directory);
  } catch (fault) {
    rmSync(UNFINISHED, { recursive: true, force: true });
    throw fault;
  }
}

/**
 * Removes the pins of a load; the kernel then detaches its programs. The directory is renamed first: if the removal is
 * interrupted, no later process mistakes the rest for a complete load.
 */
export function removePins(directory: string): void {
  rmSync(UNFINISHED, { recursive: true, force: true });
  if (!existsSync(directory)) return;
  renameSync(directory, UNFINISHED);
  rmSync(UNFINISHED, { recursive: true, force: true });
}

/** The directories of all loads, of whichever build. */
export function loadDirectories(): readonly string[] {
  try {
    const entries = readdirSync(PINS, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${PINS}/${name}`);
  } catch {
    return [];
  }
}

/** The pins of a directory; undefined if it does not exist. */
export function pinsIn(directory: string): readonly string[] | undefined {
  try {
    return readdirSync(directory);
  } catch {
    return undefined;
  }
}

function lock(fd: number): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; ; waited += RETRY_MS) {
    const result = flock(fd, LOCK_EX | LOCK_NB);
    if (result === 0) return;
    if (waited > LOCK_MS)
      throw new LinuxError(
        "bpf-unavailable",
        `a process has held the lock on ${PINS} for a minute (errno ${-result}); see who has that directory open: fuser -v ${PINS}`,
      );
    Atomics.wait(cell, 0, 0, RETRY_MS);
  }
}

function mountBpfFileSystem(): void {
  if (fileSystemOf(BPF_FS) === BPF_FS_MAGIC) return;
  mkdirSync(BPF_FS, { recursive: true });
  const result = mount("bpf", BPF_FS, "bpf", 0);
  if (result < 0)
    throw new LinuxError(
      "bpf-unavailable",
      `no bpf file system can be mounted at ${BPF_FS} (errno ${-result}); mount one: mount -t bpf bpf ${BPF_FS}`,
    );
}
