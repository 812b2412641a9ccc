/**
 * The memory of a witness: what it signed of each log. A witness that has lost it would sign any history from its beginning, so one that
 * is empty is not taken for a new one unless that is said.
 */
import { LogError } from "../error.ts";
import { endorsements, formatVerifierKey, parseNote, type VerifierKey } from "../note/index.ts";
import type { LogStore } from "../store/index.ts";

/** Which witness the memory belongs to: its verifier key, on one line. */
const OWNER = "witness";

/** What a witness signed of a log is in a file with this name (`hashOf`). */
const SIGNED = /^[0-9a-f]{64}$/;

/**
 * Refuses a memory with `no-memory` unless it is that of this witness. `files` are the names of all that is in it. `isFirst`: the key has
 * signed nothing yet; a memory in which nothing was signed and that has no owner becomes that of this witness then, and any other is
 * refused. A memory without an owner belongs to the witness whose signature is in it, of whatever log. Writes nothing where it refuses.
 */
export function claimMemory(store: LogStore, key: VerifierKey, files: readonly string[], isFirst: boolean): void {
  const own = formatVerifierKey(key);
  const found = store.read(OWNER);
  const owner = found === undefined ? undefined : Buffer.from(found).toString("utf8").trim();
  const signed = files.filter((name) => SIGNED.test(name));
  const isOwn = owner === own || (owner === undefined && signed.some((name) => hasSigned(store, key, name)));
  const isEmpty = owner === undefined && signed.length === 0;
  if (isFirst && isOwn)
    throw refused(`${key.name} has a memory here already, so this is not its first start: leave out --first`);
  if (isFirst && !isEmpty) throw refused(takenFrom(owner, key));
  if (!isFirst && !isOwn) throw refused(isEmpty ? lostBy(key) : ownedBy(owner, key));
  if (owner === own) return;
  store.write(OWNER, Buffer.from(`${own}\n`));
  store.settle();
}

/** Why a memory that is not there, or is empty, is refused. */
export const lostBy = ({ name }: VerifierKey): string =>
  `expected the memory of ${name}, found none: without it, the witness would sign what contradicts its signatures. Mount or name the ` +
  "directory that it had; only if its key has never signed, begin with --first";

const ownedBy = (owner: string | undefined, { name }: VerifierKey): string =>
  `expected the memory of ${name} and its key, found ${ofOther(owner)}: name the directory that the witness had; only if its key has never ` +
  "signed, begin with --first and a new directory";

const takenFrom = (owner: string | undefined, { name }: VerifierKey): string =>
  `expected a new directory for the first start of ${name}, found ${ofOther(owner)}, who would lose what it signed: name another directory`;

const ofOther = (owner: string | undefined): string =>
  owner === undefined
    ? "what no signature of its key is under, of another witness or damaged"
    : `that of ${owner.slice(0, 200)}`;

function hasSigned(store: LogStore, key: VerifierKey, name: string): boolean {
  const kept = store.read(name);
  if (kept === undefined) return false;
  try {
    return endorsements(parseNote(Buffer.from(kept).toString("utf8")), [key]).length > 0;
  } catch (fault) {
    if (fault instanceof LogError) return false;
    throw fault;
  }
}

export const refused = (why: string): LogError => new LogError("no-memory", why);
