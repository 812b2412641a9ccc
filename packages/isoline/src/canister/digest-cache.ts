/**
 * Caches the digest of runc from one container to the next: it is large, and hashed before anything runs. The key is its
 * version, used only if the kernel itself maintains it. The cache lies in a directory that only its owner can enter.
 */
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Digest } from "@isoline/core/digest";
import { fileVersion, lastingVersion } from "@isoline/linux";
import { openControlDirectory } from "../control/place.ts";
import type { KnownFile } from "../namespace/plan.ts";

const SHAPE = /^([0-9a-f]{96}) ([0-9a-f]{64})\n$/;

/** The cached digest of a file; undefined if the file has changed since. */
export function remembered(path: string): readonly KnownFile[] {
  try {
    const [, version, digest] = SHAPE.exec(readFileSync(place(), "latin1")) ?? [];
    return version !== undefined && version === fileVersion(path) ? [{ version, digest: digest as Digest }] : [];
  } catch {
    return [];
  }
}

/** Hashes a file and caches the digest, unless the version is not reliable or changes meanwhile. */
export async function remember(path: string): Promise<void> {
  const version = lastingVersion(path);
  if (version === undefined) return;
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  if (fileVersion(path) !== version) return;
  const aside = `${place()}.${process.pid}`;
  mkdirSync(dirname(aside), { mode: 0o700, recursive: true });
  writeFileSync(aside, `${version} ${hash.digest("hex")}\n`, { mode: 0o600 });
  renameSync(aside, place());
}

function place(): string {
  return join(openControlDirectory(), "canisters", "runc.digest");
}
