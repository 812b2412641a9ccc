/**
 * The pins that outlive a supervisor: a directory for each load, on a bpf file system.
 *
 *   /sys/fs/bpf/isoline/lsm-0123456789abcdef/    how it is attached, and the beginning of the SHA-256 of the object
 *
 * A load is made, entered and left under a lock on the directory above, so that a process that finds a load finds it complete.
 */
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
} from "node:fs";
import { flock } from "../../abi/libc.ts";
import { fileSystemOf, mount } from "../../abi/mounts.ts";
import { LinuxError } from "../../error.ts";
import { kept } from "../../libbpf/map.ts";

const BPF_FS = "/sys/fs/bpf";
export const BPF_FS_MAGIC = 0xcafe4a11;
export const PINS = `${BPF_FS}/isoline`;
/** A load that is not complete yet; under the lock, no other process is making one. */
export const UNFINISHED = `${PINS}/unfinished`;

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
    if (lstatSync(PINS, { throwIfNoEntry: false }) === undefined) mkdirSync(PINS, { recursive: true, mode: 0o700 });
    const stranger = whyStrange(lstatSync(PINS), fileSystemOf(PINS));
    if (stranger !== undefined) throw strange(stranger);
    fd = openSync(PINS, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    // What is opened is what was looked at: in a directory with the sticky bit, no other user can exchange what root owns.
    if (fstatSync(fd).uid !== 0) throw strange("that of another user");
    closeToOthers(fd);
    lock(fd);
    return body();
  } catch (fault) {
    throw isRefused(fault) ? kept(`${PINS} may not be changed`) : fault;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * What keeps a directory from being that of the pins; undefined if nothing does. Where the file system is one in which each user may make
 * names (the kernel mounts it so, unless told otherwise), another user could make this one first, hold the lock on it, and have root
 * remove and open what that user put there.
 */
export function whyStrange(
  found: Pick<Stats, "isDirectory" | "uid" | "mode">,
  fileSystem?: number,
): string | undefined {
  if (!found.isDirectory()) return "something else than a directory";
  if (found.uid !== 0) return `one of the user ${found.uid}`;
  return fileSystem === BPF_FS_MAGIC ? undefined : "one on another file system";
}

/** What lets another user fill a directory of root's; undefined if nothing does. Others may read it. */
export function whyOpen({ mode }: Pick<Stats, "mode">): string | undefined {
  return (mode & 0o022) === 0 ? undefined : `one with the mode 0${(mode & 0o7777).toString(8)}`;
}

/** Whether an entry is a load, or one that is not complete. What another user owns is none: root made it so, or had let that user in. */
export const isOfLoad = (entry: Pick<Stats, "isDirectory" | "uid">): boolean => entry.isDirectory() && entry.uid === 0;

/**
 * Root may have opened its directory to others, also from within a namespace that is only watched. That is taken back: otherwise no
 * namespace could end any more, and each would lose its report.
 */
function closeToOthers(fd: number): void {
  if ((fstatSync(fd).mode & 0o077) !== 0) fchmodSync(fd, 0o700);
}

function strange(what: string): LinuxError {
  return new LinuxError(
    "bpf-unavailable",
    `${PINS}: expected a directory on a bpf file system that root alone may fill, got ${what}; see who made it, and have root alone make names there: chmod 0700 ${BPF_FS} ${PINS}`,
  );
}

function isRefused(fault: unknown): boolean {
  const { code, path = "", syscall } = fault as NodeJS.ErrnoException;
  return code === "EPERM" && (path.startsWith(BPF_FS) || syscall === "fchmod");
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

/**
 * The directories of all loads, of whichever build, and of one that is not complete; none for a user without access to them. Throws where
 * another user can have filled or emptied the directory above: it proves nothing then, nor that there is no load.
 */
export function loadDirectories(): readonly string[] {
  // An ordinary user looks into no load, and another one may have made the directory only to have this throw.
  if (process.geteuid?.() !== 0) return [];
  // Neither does one with rights in a user namespace alone, whose id is 0 there.
  const names = pinsIn(PINS);
  const found = names && lstatSync(PINS, { throwIfNoEntry: false });
  if (names === undefined || found === undefined) return [];
  const stranger = whyStrange(found, fileSystemOf(PINS)) ?? whyOpen(found);
  if (stranger !== undefined) throw strange(stranger);
  const paths = names.map((name) => `${PINS}/${name}`);
  return paths.filter((path) => {
    const entry = lstatSync(path, { throwIfNoEntry: false });
    return entry !== undefined && isOfLoad(entry);
  });
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
  const result = mount("bpf", BPF_FS, "bpf", 0, "mode=0700");
  if (result < 0)
    throw new LinuxError(
      "bpf-unavailable",
      `no bpf file system can be mounted at ${BPF_FS} (errno ${-result}); mount one: mount -t bpf -o mode=0700 bpf ${BPF_FS}`,
    );
}
