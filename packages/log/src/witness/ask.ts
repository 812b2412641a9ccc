/** Asking witnesses to sign the checkpoint of a log, and what they signed last. */
import { readAtMost, untilAborted } from "@isoline/core/bounded";
import { LogError } from "../error.ts";
import {
  endorsements,
  type NoteSignature,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  parseSignature,
  type VerifierKey,
} from "../note/index.ts";
import { fetchConsistency, type FetchTile } from "../tiles/index.ts";
import type { KnownWitness } from "./known.ts";
import { hashOf, MOST_REQUEST } from "./witness.ts";

const SLOWEST_MS = 10_000;

/**
 * The signature of a witness under a checkpoint. `seen` is the size that it is believed to have signed; it says the true one itself,
 * and is asked once more.
 */
export async function askWitness(
  { key, address }: KnownWitness,
  checkpoint: string,
  fetchTile: FetchTile,
  seen = 0,
): Promise<NoteSignature> {
  const { size } = parseCheckpoint(parseNote(checkpoint));
  assertAddress(key, address);
  let answer = await post(address, await requestOf(fetchTile, seen, size, checkpoint));
  if (answer.status === 409) {
    const known = sizeIn(answer.body);
    if (known === undefined || known > size)
      throw refused(
        key,
        `it has signed for ${known ?? "an unknown number of"} entries, and this log has ${size}: a part of it was lost`,
      );
    answer = await post(address, await requestOf(fetchTile, known, size, checkpoint));
  }
  if (answer.status === 409 && sizeIn(answer.body) === size)
    throw refused(key, `it has signed for another tree of ${size} entries: this log has two histories`);
  if (answer.status !== 200) throw refused(key, `it answered ${answer.status}: ${answer.body.slice(0, 200).trim()}`);
  return signatureIn(answer.body, key, checkpoint);
}

/** The last checkpoint of a log that a witness signed, as it serves it. Refuses one that does not bear the signatures of both. */
export async function lastSigned({ key, address }: KnownWitness, log: VerifierKey): Promise<string> {
  assertAddress(key, address);
  const { status, body } = await request(below(address, `${hashOf(log.name)}/checkpoint`), { method: "GET" });
  const shows = (why: string) => new LogError("witness-refused", `witness ${key.name} shows no checkpoint: ${why}`);
  if (status !== 200) throw shows(`it answered ${status}: ${body.slice(0, 200).trim()}`);
  try {
    if (openCheckpoint(body, log, [key]).witnesses.length > 0) return body;
  } catch (fault) {
    if (fault instanceof LogError) throw shows(fault.message);
    throw fault;
  }
  throw shows("what it answered has no signature of its key");
}

async function requestOf(fetchTile: FetchTile, old: number, size: number, checkpoint: string): Promise<string> {
  if (old > size) return `old ${old}\n\n${checkpoint}`;
  const hashes = await fetchConsistency(fetchTile, old, size);
  return `old ${old}\n${hashes.map((hash) => `${Buffer.from(hash).toString("base64")}\n`).join("")}\n${checkpoint}`;
}

/** The one signature of this key; lines of other keys are passed over. */
function signatureIn(body: string, key: VerifierKey, checkpoint: string): NoteSignature {
  const lines = body.split("\n").slice(0, -1).map(parseSignature);
  const own = lines.find(({ name, id }) => name === key.name && id === key.id);
  const { text } = parseNote(checkpoint);
  const [endorsed] = own === undefined ? [] : endorsements({ text, signatures: [own] }, [key]);
  if (own === undefined || endorsed === undefined) throw refused(key, "its answer has no signature of its key");
  // Without a time, a witness does not say that it has seen no larger tree (c2sp.org/tlog-cosignature).
  if (endorsed.seconds === 0) throw refused(key, "its signature has no time");
  return own;
}

function sizeIn(body: string): number | undefined {
  const [, digits] = /^(0|[1-9]\d{0,15})\n$/.exec(body) ?? [];
  return digits === undefined || !Number.isSafeInteger(Number(digits)) ? undefined : Number(digits);
}

interface Answered {
  readonly status: number;
  readonly body: string;
}

const post = (address: string, body: string): Promise<Answered> =>
  request(below(address, "add-checkpoint"), { method: "POST", body });

/** Refuses an address to which no path can be appended. */
function assertAddress({ name }: VerifierKey, address: string): void {
  const url = /^https?:\/\//i.test(address) && URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && url.search === "" && url.hash === "") return;
  throw new LogError(
    "witness-refused",
    `the witness ${name} was not asked: expected an address in the policy that begins with http:// or https:// and has no query, got ` +
      `${JSON.stringify(address.slice(0, 80))}; correct its line`,
  );
}

/** Relative to an address without a slash at its end, the last segment would be lost. */
const below = (address: string, path: string): URL => new URL(path, address.endsWith("/") ? address : `${address}/`);

async function request(url: URL, how: { readonly method: string; readonly body?: string }): Promise<Answered> {
  const signal = AbortSignal.timeout(SLOWEST_MS);
  const response = await fetch(url, { ...how, signal, redirect: "error" });
  const answer = await readAtMost(untilAborted(response.body, signal), MOST_REQUEST);
  if (answer === undefined)
    throw new LogError("witness-refused", `${url.href}: expected at most ${MOST_REQUEST} bytes, got more; distrust it`);
  return { status: response.status, body: answer.toString("utf8") };
}

function refused({ name }: VerifierKey, why: string): LogError {
  return new LogError("witness-refused", `witness ${name} does not sign: ${why}`);
}
