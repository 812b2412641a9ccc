/**
 * Files that a verifier is given: secrets, which no other user may read, and what it trusts, which no other user may write. Nor may another
 * user put something else in their place, or take them away: what is missing is made anew, or trusted no longer.
 */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { unsafeOnWay } from "@isoline/linux";
import { VerifierError } from "../error.ts";

const OTHERS_MAY = 0o077;
const OTHERS_MAY_WRITE = 0o022;
const MOST_BYTES = 2 ** 20;

/** Refuses with `unsafe-secret` a file that others can read, or that another user owns. */
export function readSecret(path: string): Buffer {
  return read(path, OTHERS_MAY, "mode 600");
}

/** Refuses with `unsafe-secret` a file that others can write, or that another user owns. */
export function readTrusted(path: string): Buffer {
  return read(path, OTHERS_MAY_WRITE, "that no other user can write");
}

/** Certificates in PEM that a server's lead to; refuses with `bad-configuration`, by the member that names the file. */
export function readCertificates(member: string, path: string): string {
  const text = readTrusted(path).toString("latin1");
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new VerifierError(
    "bad-configuration",
    `${member}: expected certificates in PEM in ${path}, got none; put there those that the receiver's certificate leads to`,
  );
}

/** Whether there is anything of this name. A link to nothing is there: what it should lead to may lie on a volume that is not mounted. */
export const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** Refuses with `bad-configuration` what is no folder that this user can read: it must not count as an empty one. */
export function assertFolder(folder: string): void {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    if (statSync(folder).isDirectory()) return;
  } catch {
    // Said below.
  }
  throw new VerifierError(
    "bad-configuration",
    `${folder}: expected a folder that this user can read, got none; make it, or mount its volume: an empty one trusts no signers, ` +
      "and policies would count unsigned",
  );
}

/** Every file of a folder, by name; none where it is missing. Hidden files are passed over. */
export function trustedFiles(folder: string): readonly { readonly name: string; readonly bytes: Buffer }[] {
  assertWayIsSafe(folder);
  if (!isThere(folder)) return [];
  assertFolder(folder);
  assertOurs(folder, statSync(folder), OTHERS_MAY_WRITE, "that no other user can write");
  const names = readdirSync(folder).filter((name) => !name.startsWith("."));
  return names.sort().map((name) => ({ name, bytes: readTrusted(join(folder, name)) }));
}

/** A folder for secrets, which is made if it is missing. */
export function secretFolder(path: string): string {
  assertWayIsSafe(path);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  assertOurs(path, statSync(path), OTHERS_MAY, "mode 700");
  return path;
}

/** A new secret; it is never written over another. */
export function writeSecret(path: string, bytes: string | Uint8Array): void {
  writeFileSync(path, bytes, { mode: 0o600, flag: "wx", flush: true });
}

function read(path: string, forbidden: number, expected: string): Buffer {
  assertWayIsSafe(path);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MOST_BYTES)
      throw new VerifierError(
        "unsafe-secret",
        `${path}: expected a file of at most ${MOST_BYTES} bytes, got something else`,
      );
    assertOurs(path, stat, forbidden, expected);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function assertOurs(
  path: string,
  { uid, mode }: { uid: number; mode: number },
  forbidden: number,
  expected: string,
): void {
  const own = process.geteuid?.() ?? uid;
  if ((uid === own || uid === 0) && (mode & forbidden) === 0) return;
  const got = `user ${uid} and mode ${(mode & 0o777).toString(8)}`;
  throw new VerifierError(
    "unsafe-secret",
    `${path}: expected one of this user, ${expected}, got ${got}; correct owner and mode`,
  );
}

/** Refuses with `unsafe-secret` what another user could put something else in the place of. */
export function assertWayIsSafe(path: string): void {
  const unsafe = unsafeOnWay(path);
  if (unsafe === undefined) return;
  const { path: place, uid, mode } = unsafe;
  throw new VerifierError(
    "unsafe-secret",
    `${place}: on the way to ${path}, expected what belongs to root or this user and no other user can write, got user ${uid} and mode ` +
      `${mode.toString(8)}; correct owner and mode, or move what the verifier is given`,
  );
}
