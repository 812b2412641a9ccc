/**
 * A proof that an entry is in a log, which needs no network (c2sp.org/tlog-proof): a checkpoint, and the path from the entry to its
 * root.
 */
import { LogError } from "../error.ts";
import {
  fromBase64,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  type SignedCheckpoint,
  type VerifierKey,
} from "../note/index.ts";
import { fetchNodes, type FetchTile } from "../tiles/index.ts";
import { assertIncluded, HASH_BYTES, inclusionProof, leafHash } from "../tree/index.ts";
import type { LogPolicy } from "./policy.ts";

const FIRST_LINE = "c2sp.org/tlog-proof@v1";
/** Levels of a tree of 2^53 entries, with room. */
const MOST_HASHES = 64;

export interface LogProof {
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  /** The signed checkpoint, as the log gave it. */
  readonly checkpoint: string;
}

/** Makes the proof of an entry from the tiles of a log, up to this checkpoint. */
export async function proveEntry(fetch: FetchTile, index: number, checkpoint: string): Promise<LogProof> {
  const { size } = parseCheckpoint(parseNote(checkpoint));
  if (index >= size)
    throw new LogError(
      "bad-proof",
      `expected an entry below ${size}, got ${index}; wait until the log has signed for it`,
    );
  const nodes = await fetchNodes(fetch, size, (unknown) => inclusionProof(unknown, index, size));
  return { index, hashes: inclusionProof(nodes, index, size), checkpoint };
}

export function formatProof({ index, hashes, checkpoint }: LogProof): string {
  const lines = hashes.map((hash) => `${Buffer.from(hash).toString("base64")}\n`);
  return `${FIRST_LINE}\nindex ${index}\n${lines.join("")}\n${checkpoint}`;
}

/** Reads a proof; a line of extra data is passed over, because nothing vouches for it. */
export function parseProof(text: string): LogProof {
  const end = text.indexOf("\n\n");
  const [first, ...lines] = text.slice(0, Math.max(0, end)).split("\n");
  if (first !== FIRST_LINE) throw bad(`the line ${FIRST_LINE}`, first ?? "");
  if (lines[0]?.startsWith("extra ") && fromBase64(lines[0].slice(6)) !== undefined) lines.shift();
  const [indexLine = "", ...encoded] = lines;
  const [, index] = /^index (0|[1-9]\d{0,15})$/.exec(indexLine) ?? [];
  if (index === undefined || !Number.isSafeInteger(Number(index))) throw bad("a line `index NUMBER`", indexLine);
  if (encoded.length > MOST_HASHES) throw bad(`at most ${MOST_HASHES} hashes`, `${encoded.length}`);
  const hashes = encoded.map((line) => {
    const hash = fromBase64(line);
    if (hash?.length !== HASH_BYTES) throw bad("a hash in base64", line);
    return hash;
  });
  return { index: Number(index), hashes, checkpoint: text.slice(end + 2) };
}

/** Refuses unless a log of this policy signed for the entry, and enough witnesses saw it. Returns the checkpoint. */
export function verifyProof(entry: Uint8Array, proof: LogProof, policy: LogPolicy): SignedCheckpoint {
  const { origin } = parseCheckpoint(parseNote(proof.checkpoint));
  const log = policy.logs.get(origin);
  if (log === undefined)
    throw new LogError(
      "unsigned-note",
      `expected a log of the policy (${[...policy.logs.keys()].join(", ")}), got ${JSON.stringify(origin.slice(0, 80))}`,
    );
  const checkpoint = openWitnessed(proof.checkpoint, log.name, policy);
  assertIncluded(leafHash(entry), proof.index, checkpoint, proof.hashes);
  return checkpoint;
}

/** Opens the checkpoint of a log of a policy; refuses it unless enough witnesses signed it. */
export function openWitnessed(checkpoint: string, origin: string, policy: LogPolicy): SignedCheckpoint {
  const log = policy.logs.get(origin);
  if (log === undefined)
    throw new LogError("unsigned-note", `the policy has no log ${JSON.stringify(origin)}; add its key`);
  const opened = openCheckpoint(checkpoint, log, [...policy.witnesses.values()]);
  const signed = new Set(opened.witnesses.map(({ key }) => key));
  if (!policy.isEnough(signed))
    throw new LogError(
      "unsigned-note",
      `too few witnesses signed this checkpoint for the quorum of the policy (${whoSigned(policy, signed)}); ` +
        "ask the log for one that more of them have signed",
    );
  return opened;
}

/** `signed by a; not by b, c`, of the witnesses of a policy. */
export function whoSigned({ witnesses }: LogPolicy, signed: ReadonlySet<VerifierKey>): string {
  const named = (has: boolean) =>
    [...witnesses.values()]
      .filter((key) => signed.has(key) === has)
      .map(({ name }) => name)
      .join(", ");
  return `signed by ${named(true) || "none"}; not by ${named(false) || "another"}`;
}

function bad(expected: string, got: string): LogError {
  return new LogError(
    "bad-proof",
    `expected a proof with ${expected}, got ${JSON.stringify(got.slice(0, 80))}; ask the log for it again`,
  );
}
