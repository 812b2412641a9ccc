/**
 * What of a node's logs the verifier has from the last evidence, so that the next one goes out without it. Of the logs themselves nothing
 * is kept here but digests. A verifier that says it has other logs than these is sent whole evidence.
 */
import { createHash } from "node:crypto";
import { type Evidence, writeDelta } from "@isoline/attest/evidence";

/** A log that is not longer than this is sent again: its digest would be as long. */
const LEAST_LOG = 64;

interface SentLog {
  readonly digest: Buffer;
  readonly bytes: number;
}

export class SentLogs {
  #kept: readonly SentLog[] = [];

  /** A delta that stands for this evidence, whose encoding `whole` is; undefined where nothing of it is known to the verifier. */
  deltaOf(evidence: Evidence, whole: Uint8Array): Uint8Array | undefined {
    const from = Buffer.from(whole.buffer, whole.byteOffset, whole.length);
    const found = logsOf(evidence).flatMap((log) => {
      const kept = this.#kept.find(
        ({ digest, bytes }) => log.length >= bytes && digestOf(log.subarray(0, bytes)).equals(digest),
      );
      // Wherever these bytes stand, the whole that is put together with them is the same.
      const at = kept === undefined ? -1 : from.indexOf(log.subarray(0, kept.bytes));
      return kept === undefined || at < 0 ? [] : [{ ...kept, at }];
    });
    const logs: { before: Uint8Array; log: Uint8Array }[] = [];
    let end = 0;
    for (const { at, bytes, digest } of found.sort((one, other) => one.at - other.at)) {
      if (at < end) continue;
      logs.push({ before: plain(from.subarray(end, at)), log: plain(digest) });
      end = at + bytes;
    }
    if (logs.length === 0) return undefined;
    const type = "isoline evidence delta 1";
    return writeDelta({ type, whole: plain(digestOf(whole)), logs, after: plain(from.subarray(end)) });
  }

  /** What a verifier says that it keeps of evidence that it answered, by digests; anything else of it counts for nothing. */
  answered(evidence: Evidence, kept: readonly string[] | undefined): void {
    this.#kept = logsOf(evidence)
      .map((log) => ({ digest: digestOf(log), bytes: log.length }))
      .filter(({ digest }) => kept?.includes(digest.toString("hex")));
  }

  /** The next evidence goes out whole. */
  forget(): void {
    this.#kept = [];
  }
}

const logsOf = ({ bootLog, imaList, ledger }: Evidence): Uint8Array[] =>
  [bootLog, imaList, ledger].filter((log) => log !== undefined).filter(({ length }) => length >= LEAST_LOG);

const digestOf = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
/** The same bytes, without the methods of a Buffer, which CBOR does not know. */
const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
