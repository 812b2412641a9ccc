/**
 * What a verifier trusts, as files in one directory:
 *
 *   makers/            certificates of TPM makers, PEM or DER; those that signed themselves are roots, the others lie between
 *   nodes/NAME.json    nodes that were enrolled
 *   pending/ID.json    enrolments whose answer has not come yet
 *   accepted/ID.json   what the last accepted evidence of each node said of its counters
 *   contour-signers/   public keys, PEM: a contour counts only if one of them signed it
 *   policy-signers/    public keys, PEM: a policy counts only if one of them signed it
 *   contours/          contours, for recomputing bound states
 *   references/        reference values: contours, boots and builds that are known
 *
 * A user who can write here decides what is trusted. So each directory and file must belong to root or to the verifier's user, and
 * no other user may be able to write it.
 */
import { lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { unsafeOnWay } from "@isoline/linux";
import { assertOnlyOursToWrite } from "../../canister/host-configuration.ts";
import { CliError } from "../../error.ts";
import { readRegular } from "../../store/bounded-file.ts";

export type Section =
  | "makers"
  | "nodes"
  | "pending"
  | "accepted"
  | "contour-signers"
  | "policy-signers"
  | "references"
  | "contours"
  | "tee-nodes"
  | "tee-makers"
  | "tee-revocations"
  | "tee-collateral";

export interface TrustedFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: Buffer;
}

const MOST_FILES = 10_000;
const MOST_FILE = 64 * 1024 * 1024;

export class TrustDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Refuses a directory that is not there, or that others can write. */
  static open(path: string): TrustDirectory {
    const whole = resolve(path);
    assertSafe(whole, "directory");
    assertWayIsSafe(whole);
    return new TrustDirectory(whole);
  }

  /** Every file of a section, by name; none where the section is missing. Hidden files are passed over. */
  files(section: Section): readonly TrustedFile[] {
    const folder = join(this.path, section);
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return [];
    assertSafe(folder, "directory");
    const names = readdirSync(folder)
      .filter((name) => !name.startsWith("."))
      .sort();
    if (names.length > MOST_FILES)
      throw new CliError("unsafe-place", `${folder}: expected at most ${MOST_FILES} files, got ${names.length}`);
    return names.map((name) => this.#read(join(folder, name), name));
  }

  /** One file of a section; undefined where it is missing. */
  file(section: Section, name: string): TrustedFile | undefined {
    const folder = join(this.path, section);
    const path = join(folder, name);
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    assertSafe(folder, "directory");
    return this.#read(path, name);
  }

  /** The path for a new file of a section, whose directory is made if it is missing. */
  place(section: Section, name: string): string {
    const folder = join(this.path, section);
    mkdirSync(folder, { mode: 0o700, recursive: true });
    assertSafe(folder, "directory");
    return join(folder, name);
  }

  #read(path: string, name: string): TrustedFile {
    assertSafe(path, "file");
    return { name, path, bytes: readRegular(path, MOST_FILE, "a file that a verifier trusts") };
  }
}

function assertWayIsSafe(path: string): void {
  const unsafe = unsafeOnWay(path);
  if (unsafe !== undefined)
    throw new CliError(
      "unsafe-place",
      `${unsafe.path}: another user can put something else in the place of ${path}; move what this verifier trusts elsewhere`,
    );
}

function assertSafe(path: string, kind: "directory" | "file"): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  const isKind = kind === "directory" ? stat?.isDirectory() : stat?.isFile();
  if (stat === undefined || isKind !== true)
    throw new CliError(
      "unsafe-place",
      `${path}: expected a ${kind} with what this verifier trusts, found ${stat === undefined ? "nothing" : "something else"}; see docs/attestation.md`,
    );
  assertOnlyOursToWrite(path, stat);
}
