/**
 * Where control sockets are: one directory for each user, which no other user can enter.
 *
 *   $XDG_RUNTIME_DIR/isoline    if it exists and belongs to this user, and is not that of a session of root's
 *   /run/isoline                for root
 *   /tmp/isoline-UID            for other users
 *   /run/user/UID/isoline       looked in as well where the variable names no other: a unit of systemd has none, sessions have this one
 *
 *   …/begun                     what processes began for themselves at an agent of root's: UID:NAME.sock
 *
 * Of a host with a directory of its own (ISOLINE_HOST_DIRECTORY) they are in DIRECTORY/run alone.
 *
 * A user who can replace the directory can answer in isoline's name. So its owner and mode are checked each time, and a
 * symbolic link is refused. TMPDIR is not used: every client must look in the same place.
 */
import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { KEPT_DIRECTORY } from "@isoline/linux";
import { CliError } from "../error.ts";
import { placeOfHost } from "../store/host-directory.ts";

const OTHERS = 0o077;
const OTHERS_MAY_WRITE = 0o022;
const SUFFIX = ".sock";
const BEGUN_DIRECTORY = "begun";
/** `sun_path` of unix(7), with its closing zero. */
const LONGEST_PATH = 107;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/;

/** Directories that may hold control sockets of this user, the preferred one first; they need not exist. */
function controlDirectories(): readonly string[] {
  const ofHost = placeOfHost("run");
  if (ofHost !== undefined) return [ofHost];
  const uid = ownUid();
  return placesOf(uid, process.env["XDG_RUNTIME_DIR"], (directory) => isOurs(directory, uid));
}

/**
 * The places of a user, where XDG_RUNTIME_DIR names this directory. A process of a session and one of a unit look in the same two, so that
 * each finds what the other began. Root's sockets are not in that of a session: it is removed when the last session of root's ends.
 */
export function placesOf(
  uid: number,
  told: string | undefined,
  isOfUser: (directory: string) => boolean,
): readonly string[] {
  const session = `/run/user/${uid}`;
  const runtime = told !== undefined && isAbsolute(told) && isOfUser(told) ? resolve(told) : undefined;
  const usual = uid === 0 ? "/run/isoline" : `/tmp/isoline-${uid}`;
  if (runtime !== undefined && (uid !== 0 || runtime !== session)) return [join(runtime, "isoline"), usual];
  return isOfUser(session) ? [usual, join(session, "isoline")] : [usual];
}

/** The first directory that exists, or can be created, and is safe. */
export function openControlDirectory(): string {
  let refusal: unknown;
  for (const directory of controlDirectories()) {
    try {
      mkdirSync(directory, { mode: 0o700, recursive: false });
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== "EEXIST") {
        refusal ??= new CliError("unsafe-place", `cannot make ${directory}: ${(fault as Error).message}`);
        continue;
      }
    }
    try {
      assertFit(directory);
      return directory;
    } catch (fault) {
      refusal ??= fault;
    }
  }
  throw refusal;
}

/** The directory for approver sockets and journals. No task of any namespace may use it, or make one of its name. */
export function openKeptDirectory(): string {
  const directory = join(openControlDirectory(), KEPT_DIRECTORY);
  mkdirSync(directory, { mode: 0o700, recursive: true });
  assertFit(directory);
  return directory;
}

/** The existing directories for approver sockets and journals that are safe. */
export function fitKeptDirectories(): readonly string[] {
  return fitControlDirectories()
    .map((directory) => join(directory, KEPT_DIRECTORY))
    .filter(isFit);
}

/** The directory for what processes began for themselves at this user's agent. */
export function openBegunDirectory(): string {
  const directory = join(openControlDirectory(), BEGUN_DIRECTORY);
  mkdirSync(directory, { mode: 0o700, recursive: true });
  assertFit(directory);
  return directory;
}

/** The existing directories of that kind that are safe. */
export function fitBegunDirectories(): readonly string[] {
  return fitControlDirectories()
    .map((directory) => join(directory, BEGUN_DIRECTORY))
    .filter(isFit);
}

/** All directories in which a namespace of this user leaves traces. Those that this process would use itself are made. */
export function openPlaces(): readonly string[] {
  const made = [openControlDirectory(), openKeptDirectory(), openBegunDirectory()];
  return [...new Set([...made, ...fitControlDirectories(), ...fitKeptDirectories(), ...fitBegunDirectories()])];
}

/** The existing directories that are safe. Others are skipped, because no socket of isoline can be in them. */
export function fitControlDirectories(): readonly string[] {
  return controlDirectories().filter(isFit);
}

function isFit(directory: string): boolean {
  try {
    assertFit(directory);
    return true;
  } catch {
    return false;
  }
}

/** The path of a namespace's socket. Refuses an invalid name. */
export function socketPath(directory: string, name: string): string {
  assertName(name);
  return fitting(directory, name);
}

/** The name of a namespace by the name of its socket; undefined for any other file. */
export function nameOf(file: string): string | undefined {
  const name = file.endsWith(SUFFIX) ? file.slice(0, -SUFFIX.length) : "";
  return NAME.test(name) ? name : undefined;
}

/** The path of the socket of what a process of a user began for itself. Refuses an invalid name. */
export function begunSocketPath(directory: string, uid: number, name: string): string {
  assertName(name);
  return fitting(directory, `${uid}:${name}`);
}

/** The label of what a process began for itself, by the name of its socket; undefined for any other file. */
export function begunLabelOf(file: string): string | undefined {
  const [uid = "", ...name] = file.split(":");
  return /^\d{1,10}$/.test(uid) && nameOf(name.join(":")) !== undefined
    ? begunLabel(Number(uid), name.join(":").slice(0, -SUFFIX.length))
    : undefined;
}

/** How evidence names it: no other namespace can be called so, since no name has a colon. */
export function begunLabel(uid: number, name: string): string {
  return `begun:${uid}:${name}`;
}

function fitting(directory: string, name: string): string {
  const path = join(directory, name + SUFFIX);
  if (path.length > LONGEST_PATH)
    throw new CliError("usage", `the name ${name} is too long for a socket in ${directory}; choose a shorter one`);
  return path;
}

export function assertName(name: string): void {
  if (!NAME.test(name))
    throw new CliError(
      "usage",
      `expected a name of letters, digits, _ . and -, at most 40 of them, got ${JSON.stringify(name.slice(0, 60))}`,
    );
}

/** A name for a namespace that was given none. */
export function drawName(): string {
  return randomBytes(4).toString("hex");
}

/** Digits of a container's id that engines show. */
const SHOWN_DIGITS = 12;

/** The name of a container that has no other: short, and valid as the name of a socket; undefined if no part of the id is. */
export function nameOfContainer(id: string): string | undefined {
  const name = id.replaceAll("+", "-").slice(0, /^[0-9a-f]{64}$/.test(id) ? SHOWN_DIGITS : 40);
  return /^[A-Za-z0-9]/.test(name) ? name : undefined;
}

/** What a person means by a name: that name, else those that begin with it, else the container whose whole id it is. */
export function meant<T>(all: readonly T[], nameOf: (one: T) => string, told: string): readonly T[] {
  const named = all.filter((one) => nameOf(one) === told);
  if (named.length > 0) return named;
  const begun = all.filter((one) => nameOf(one).startsWith(told));
  if (begun.length > 0 || !/^[0-9a-f]{64}$/.test(told)) return begun;
  return all.filter((one) => nameOf(one) === nameOfContainer(told));
}

export function ownUid(): number {
  return process.geteuid?.() ?? 0;
}

function assertFit(directory: string): void {
  const { mode, uid, isDirectory } = facts(directory);
  if (!isDirectory || uid !== ownUid() || (mode & OTHERS) !== 0)
    throw new CliError(
      "unsafe-place",
      `${directory}: expected a directory of user ${ownUid()} that no other user can enter (mode 0700), got ${
        isDirectory ? `one of user ${uid} with mode 0${(mode & 0o7777).toString(8)}` : "something else"
      }; remove it`,
    );
}

function facts(path: string): { mode: number; uid: number; isDirectory: boolean } {
  const stat = lstatSync(path);
  return { mode: stat.mode, uid: stat.uid, isDirectory: stat.isDirectory() };
}

function isOurs(directory: string, uid: number): boolean {
  try {
    const stat = statSync(directory, { throwIfNoEntry: false });
    return stat?.isDirectory() === true && stat.uid === uid && (stat.mode & OTHERS_MAY_WRITE) === 0;
  } catch {
    // A unit may hide /run/user (ProtectHome=).
    return false;
  }
}
