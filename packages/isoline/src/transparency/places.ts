/** Where the commands for transparency logs find things: keys, policies, logs in directories and behind HTTP. */
import { existsSync, readdirSync } from "node:fs";
import { latticeSeedIn, latticeWitness, type SignerKey, signerKeyOf } from "@isoline/log/note";
import { type LogPolicy, parsePolicy } from "@isoline/log/proof";
import type { FetchTile } from "@isoline/log/tiles";
import {
  CHECKPOINT,
  COMMITTED,
  DirectoryStore,
  type LogFiles,
  ObjectStore,
  readDirectory,
  signedIn,
} from "@isoline/log/writer";
import { claimMemory, lostBy, noMemory } from "@isoline/log/witness";
import { lock } from "@isoline/linux";
import { CliError } from "../error.ts";
import { readRegular } from "../store/bounded-file.ts";
import { patientFetch } from "../store/patient-fetch.ts";
import { readSigningKey } from "../store/signature/keys.ts";
import { bucketAt, isInBucket } from "./credentials.ts";

const MOST_POLICY = 2 ** 20;
const MOST_KEY = 2 ** 16;
/** The longest file of a log: 256 entries of 65 535 bytes, with their lengths. */
const MOST_FILE = 256 * 65_537;
/** A checkpoint, with the signatures of as many witnesses as a policy names. */
const MOST_CHECKPOINT = 2 ** 20;
const MOST_HASHES = 256 * 32;

/** Opens a directory to write a log, the state of a witness, or a copy; refuses while another process does. */
export function openStore(directory: string): DirectoryStore {
  return new DirectoryStore(directory, (fd) => lock(fd, 0));
}

/**
 * Opens what a witness signed. Refuses a directory that is missing or empty, unless this is the first start of its key; and that of another
 * witness always.
 */
export async function openMemory(directory: string, key: SignerKey, isFirst: boolean): Promise<DirectoryStore> {
  // Opening makes the directory, and one that is made here would hide from the next look that a volume is not mounted.
  if (!isFirst && !existsSync(directory)) throw noMemory(`${directory}: ${lostBy(key)}`);
  const store = openStore(directory);
  try {
    claimMemory(store, key, readdirSync(directory), isFirst);
    return store;
  } catch (fault) {
    await store.close();
    throw fault;
  }
}

/** The key of a log or a witness in PEM, under its name: Ed25519, or for a witness ML-DSA-44. */
export function readKey(file: string, name: string, signer: "log" | "witness"): SignerKey {
  const seed = latticeSeedIn(readRegular(file, MOST_KEY, "a private key in PEM").toString("latin1"));
  if (seed === undefined) return signerKeyOf(name, signer, readSigningKey(file));
  if (signer === "witness") return latticeWitness(name, seed);
  throw new CliError("cannot-read", `${file}: expected the Ed25519 key of a log, got one for ML-DSA-44; name another`);
}

/** Opens the place of a log to append to it: a directory, or a bucket with the credentials in a file. */
export function openFiles(place: string, credentials: string | undefined): LogFiles {
  return isInBucket(place) ? new ObjectStore(bucketAt(place, credentials)) : openStore(place);
}

/** The same where a log is; no directory is made. */
export function openLogFiles(place: string, credentials: string | undefined): LogFiles {
  if (!isInBucket(place) && readDirectory(place)(COMMITTED) === undefined) throw noLog(place);
  return openFiles(place, credentials);
}

/** The name of a log, by what it signed last. */
export async function originOf(files: LogFiles, place: string): Promise<string> {
  const bytes = await files.last();
  if (bytes === undefined) throw noLog(place);
  return signedIn(bytes).origin;
}

function noLog(place: string): CliError {
  return new CliError("cannot-read", `${place}: expected a log, found none; begin one with isoline log create`);
}

/** What a log shows. */
export async function shownIn(read: FetchTile, place: string): Promise<string> {
  const bytes = await read(CHECKPOINT);
  if (bytes === undefined)
    throw new CliError(
      "cannot-read",
      `${place}: the log shows no checkpoint yet; ask its witnesses with isoline log add`,
    );
  return Buffer.from(bytes).toString("utf8");
}

export function readPolicyFile(file: string): LogPolicy {
  return parsePolicy(readRegular(file, MOST_POLICY, "a policy of logs and witnesses").toString("utf8"));
}

/** The files of a log in a directory, in a bucket, or behind HTTP. */
export function sourceOf(place: string, credentials: string | undefined): FetchTile {
  if (isInBucket(place)) return new ObjectStore(bucketAt(place, credentials)).read;
  if (!/^https?:\/\//.test(place)) return readDirectory(place);
  const prefix = place.endsWith("/") ? place : `${place}/`;
  return async (path) => {
    const address = new URL(path, prefix);
    const lost = (why: string, cause: unknown) =>
      new CliError("cannot-read", `${address.href}: the server does not answer, or not to the end: ${why}; try again`, {
        cause,
      });
    const response = await patientFetch(address, { redirect: "error", lost });
    if (response.status === 200) {
      const most = mostOf(path);
      const bytes = await response.bytes(most);
      if (bytes !== undefined) return bytes;
      const problem = `expected at most ${most} bytes, got more; distrust the server`;
      throw new CliError("cannot-read", `${address.href}: ${problem}`);
    }
    await response.dismiss();
    if (response.status === 404) return undefined;
    throw new CliError("cannot-read", `${address.href}: the server answered ${response.status}; try again`);
  };
}

/** What is sent slowly may take as long as its most bytes need, so a proof is not given the time of entries. */
function mostOf(path: string): number {
  if (path === CHECKPOINT) return MOST_CHECKPOINT;
  return path.startsWith("tile/entries/") ? MOST_FILE : MOST_HASHES;
}
