/**
 * Which supervisors live. Each holds the lock of a file of its own, from before the birth of its run until after the end: the kernel lets
 * go of it when the supervising thread or its process ends, however that comes, and not before. So a lock that is free proves that a
 * supervisor is gone: neither a number that another process got, nor another pid namespace, nor a supervisor that hangs can deceive. Where
 * there is no such file, nothing is proven.
 *
 *   LEDGERS/lives/new.UUID                         until the birth is recorded
 *   LEDGERS/lives/BOOT-RESETS.BIRTH.EXTENSION      from then on: number and extension of the birth in the ledger of this boot
 */
import { randomUUID } from "node:crypto";
import { closeSync, constants, mkdirSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { lock } from "@isoline/linux";
import { CliError } from "../error.ts";
import { assertOwn } from "./own-place.ts";

const DIRECTORY = "lives";
const SUFFIX = ".ledger";
const NAME = /^(.+)\.(\d{1,16})\.([0-9a-f]{64})$/;
/** Nothing but a look at the lock holds it, and none of these takes long. */
const LOCK_MS = 1000;

/** That this thread lives, for one run. */
export class Life {
  readonly path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** Of a run that is about to be born. Throws where its lock cannot be had. */
  static begin(ledgers: string): Life {
    const directory = join(ledgers, DIRECTORY);
    const path = join(directory, `new.${randomUUID()}`);
    let fd: number;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      assertOwn(directory);
      // Node closes what a thread opened so when the thread ends; the flag for exec is its default.
      fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    } catch (fault) {
      if (fault instanceof CliError) throw fault;
      throw new CliError("cannot-write", `${path}: ${(fault as Error).message}; the ledger of the TPM has to be there`);
    }
    const life = new Life(path, fd);
    if (lock(fd, LOCK_MS)) return life;
    life.end();
    throw new CliError(
      "cannot-write",
      `${path}: expected a file system that locks files (flock), got one that does not; keep the ledger on another`,
    );
  }

  /** Lets go of it. What became of the run has to be recorded: from here on it counts as one that lost its supervisor. */
  end(): void {
    // It has another name by then if its run was born.
    rmSync(this.path, { force: true });
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
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    return lock(fd, patienceMs);
  } finally {
    closeSync(fd);
  }
}

/** Removes those of earlier boots. Only when the ledger of a boot begins. */
export function removeLivesBefore(ledger: string): void {
  const directory = join(dirname(ledger), DIRECTORY);
  const boot = basename(ledger, SUFFIX).slice(0, BOOT_ID_LENGTH);
  for (const name of namesIn(directory))
    if (NAME.test(name) && !name.startsWith(boot)) rmSync(join(directory, name), { force: true });
}

/** As the kernel writes it: a UUID. */
const BOOT_ID_LENGTH = 36;

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw fault;
  }
}
