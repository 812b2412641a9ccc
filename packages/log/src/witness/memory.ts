/**
 * The memory of a witness: what it signed of each log. A witness that has lost it would sign any history from its beginning, so one that
 * is empty is not taken for a new one unless that is said.
 */
import { LogError } from "../error.ts";
import { formatVerifierKey, openCheckpoint, type VerifierKey } from "../note/index.ts";
import type { LogStore } from "../store/index.ts";
import { hashOf } from "./witness.ts";

/** Which witness the memory belongs to: its verifier key, on one line. */
const OWNER = "witness";

/**
 * Refuses a memory with `no-memory` unless it is that of this witness, which signs for these logs. `isFirst`: the key has signed nothing
 * yet; the memory becomes that of this witness then, and one that is its own already is refused. A memory without an owner belongs to the
 * witness whose signature is in it. Writes nothing where it refuses.
 */
export function claimMemory(store: LogStore, key: VerifierKey, logs: readonly VerifierKey[], isFirst: boolean): void {
  const own = formatVerifierKey(key);
  const found = store.read(OWNER);
  const owner = found === undefined ? undefined : Buffer.from(found).toString("utf8").trim();
  const isOwn = owner === own || (owner === undefined && logs.some((log) => hasSigned(store, key, log)));
  if (isFirst && isOwn)
    throw refused(`${key.name} has a memory here already, so this is not its first start: leave out --first`);
  if (!isFirst && !isOwn) throw refused(owner === undefined ? lostBy(key) : ownedBy(owner, key));
  if (owner === own) return;
  store.write(OWNER, Buffer.from(`${own}\n`));
  store.settle();
}

/** Why a memory that is not there, or is empty, is refused. */
export const lostBy = ({ name }: VerifierKey): string =>
  `expected the memory of ${name}, found none: without it, the witness would sign what contradicts its signatures. Mount or name the ` +
  "directory that it had; only if its key has never signed, begin with --first";

const ownedBy = (owner: string, { name }: VerifierKey): string =>
  `expected the memory of ${name} and its key, found that of ${owner.slice(0, 200)}: name the directory that the witness had; only if its ` +
  "key has never signed, begin with --first";

function hasSigned(store: LogStore, key: VerifierKey, log: VerifierKey): boolean {
  const kept = store.read(hashOf(log.name));
  if (kept === undefined) return false;
  try {
    return openCheckpoint(Buffer.from(kept).toString("utf8"), log, [key]).witnesses.length > 0;
  } catch (fault) {
    if (fault instanceof LogError) return false;
    throw fault;
  }
}

export const refused = (why: string): LogError => new LogError("no-memory", why);
