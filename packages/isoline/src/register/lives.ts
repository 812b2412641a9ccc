/**
 * Which supervisors live. Each has a file of its own, from before the birth of its run until after the end, and two share the lock of that:
 * the thread that supervises, and the one that records what it is told. The kernel lets go of the lock when the files of both are closed:
 * by Node for a thread that ended, by itself for a process that did, however that comes, and not before. Node does not learn of a thread
 * that ended by a direct system call: its lock is held until the process ends, and its run stays open for as long. So a lock that is free
 * proves that a supervisor is gone: neither a number that another process got, nor another pid namespace, nor a supervisor that hangs can
 * deceive. Where there is no such file, nothing is proven.
 *
 *   LEDGERS/lives/new.UUID                         until the birth is recorded
 *   LEDGERS/lives/BOOT-RESETS.BIRTH.EXTENSION      from then on: number and extension of the birth in the ledger of this boot
 */
import { randomUUID } from "node:crypto";
import { closeSync, constants, fstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { lock, lockShared } from "@isoline/linux";
import { CliError } from "../error.ts";
import { assertOwn } from "./own-place.ts";

const DIRECTORY = "lives";
const UNBORN = "new.";
const SUFFIX = ".ledger";
const NAME = /^(.+)\.(\d{1,16})\.([0-9a-f]{64})$/;
/** As the kernel writes it: a UUID. */
const BOOT_ID_LENGTH = 36;
/** Only a look at the lock keeps it from being shared, and that does not take long. */
const LOCK_MS = 1000;

/** That this thread lives, for one run. Node closes its file when it sees the thread end, and no program that the thread starts has it. */
export class Life {
  readonly path: string;
  readonly #fd: number;

  private constructor(path: string, flags: number) {
    this.path = path;
    this.#fd = openSync(path, flags | constants.O_RDWR | constants.O_NOFOLLOW, 0o600);
    if (lockShared(this.#fd, LOCK_MS)) return;
    closeSync(this.#fd);
    throw new CliError(
      "cannot-write",
      `${path}: expected a file system that locks files (flock), got one that does not; keep the ledger on another`,
    );
  }

  /** Of a run that is about to be born. Throws where its lock cannot be had. */
  static begin(ledgers: string): Life {
    const directory = join(ledgers, DIRECTORY);
    const path = join(directory, UNBORN + randomUUID());
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      for (const place of [ledgers, directory]) assertOwn(place);
      const life = new Life(path, constants.O_CREAT | constants.O_EXCL);
      if (fstatSync(life.#fd).nlink > 0) return life;
      // In the moment before it was locked it looked like one whose supervisor is gone, to a ledger that began.
      life.end();
      return Life.begin(ledgers);
    } catch (fault) {
      if (fault instanceof CliError) throw fault;
      throw new CliError("cannot-write", `${path}: ${(fault as Error).message}; the ledger of the TPM has to be there`);
    }
  }

  /** The same life, in another thread that has part in the run. */
  static shared(path: string): Life {
    return new Life(path, 0);
  }

  /** Lets go of it. Where no other thread has part in the run, it counts as one that lost its supervisor, until its end is recorded. */
  end(): void {
    // One that was not born has this name still.
    if (basename(this.path).startsWith(UNBORN)) rmSync(this.path, { force: true });
    closeSync(this.#fd);
  }
}

/** The life of a run in a ledger. */
export interface BornLife {
  readonly path: string;
  /** Number of its birth. */
  readonly birth: number;
  /** That of the birth, in hexadecimal. */
  readonly extension: string;
}

/** Gives a life the name of a birth that is recorded next. Only under the lock of the ledger. */
export function bearLife(path: string, ledger: string, birth: number, extension: Uint8Array): BornLife {
  const hex = Buffer.from(extension).toString("hex");
  const born = join(dirname(path), `${basename(ledger, SUFFIX)}.${birth}.${hex}`);
  renameSync(path, born);
  return { path: born, birth, extension: hex };
}

/** Those of a ledger that no supervisor holds, in the order of their births. */
export function lostLives(ledger: string): readonly BornLife[] {
  const directory = join(dirname(ledger), DIRECTORY);
  return namesIn(directory)
    .flatMap((name) => {
      const [, of, birth, extension] = NAME.exec(name) ?? [];
      if (of !== basename(ledger, SUFFIX) || birth === undefined || extension === undefined) return [];
      return [{ path: join(directory, name), birth: Number(birth), extension }];
    })
    .filter(({ path }) => isFree(path))
    .sort((one, other) => one.birth - other.birth);
}

/** Whether nothing holds the lock of a file, within this time. A file that is not there, or cannot be locked, is not free. */
export function isFree(path: string, patienceMs = 0): boolean {
  return whileFree(path, patienceMs, () => {});
}

/** Does something while nothing else can hold the lock of a file; false, and nothing is done, if it is not free within this time. */
function whileFree(path: string, patienceMs: number, act: () => void): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    if (!lock(fd, patienceMs)) return false;
    act();
    return true;
  } finally {
    closeSync(fd);
  }
}

/** Removes the file of a life whose run is over, if it is there. Throws `cannot-write` where it stays. */
export function removeLife(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (fault) {
    throw new CliError("cannot-write", `${path}: ${(fault as Error).message}; its run is over, so remove it`);
  }
}

/** Removes those of earlier boots, and those of supervisors that ended before a birth. Only when the ledger of a boot begins. */
export function removeLivesBefore(ledger: string): void {
  const directory = join(dirname(ledger), DIRECTORY);
  const boot = basename(ledger, SUFFIX).slice(0, BOOT_ID_LENGTH);
  for (const name of namesIn(directory)) {
    const path = join(directory, name);
    const remove = () => removeLife(path);
    if (name.startsWith(UNBORN)) whileFree(path, 0, remove);
    else if (NAME.test(name) && !name.startsWith(boot)) remove();
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (fault) {
    const { code, message } = fault as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    throw new CliError("cannot-read", `${directory}: ${message}; which supervisors live is written there`);
  }
}
