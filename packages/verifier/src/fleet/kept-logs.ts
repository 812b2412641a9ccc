/**
 * The logs of nodes' last evidence, in memory, so that a node sends only what came after them. Nothing is believed of them: evidence that
 * is put together with them is appraised as whole evidence is. What is not here any more, the node sends again.
 */
import { createHash } from "node:crypto";
import { type Evidence, type EvidenceDelta, type EvidenceReading, piecesOf } from "@isoline/attest/evidence";
import { VerifierError } from "../error.ts";
import { NodeMemory, type TenantNode } from "./node-memory.ts";

/** Bytes of the logs of one node; one with more sends its evidence whole. */
const MOST_OF_NODE = 4 * 2 ** 20;
/** Bytes of the logs of all nodes, of which each tenant has its share. */
const MOST_OF_ALL = 256 * 2 ** 20;
/** Bytes that the whole evidence of a delta may have. */
export const MOST_EVIDENCE = 8 * 2 ** 20;
/** A shorter log is no saving: its digest has as many bytes. */
const LEAST_LOG = 64;

interface KeptLog {
  /** SHA-256, in hexadecimal. */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export class KeptLogs {
  readonly #nodes: NodeMemory<readonly KeptLog[]>;

  /** Logs of nodes that sent nothing for so many seconds are dropped when others need the memory. */
  constructor(idleSeconds: number, most = MOST_OF_ALL) {
    this.#nodes = new NodeMemory(most, idleSeconds);
  }

  /** Bytes of all logs. */
  get size(): number {
    return this.#nodes.size;
  }

  /** Of a node that is gone. */
  drop(node: string): void {
    this.#nodes.drop(node);
  }

  /** Bytes of the whole evidence that a delta of this node stands for. Refuses as `whole` does. */
  sizeOf(node: string, delta: EvidenceDelta): number {
    return this.#pieces(node, delta).size;
  }

  /**
   * The whole evidence that a delta of this node stands for. Refuses with `full-log-needed` where it cannot be put together, and where it
   * names one log twice: a few bytes would stand for as many megabytes as they like.
   */
  whole(node: string, delta: EvidenceDelta): Buffer {
    const { pieces, size } = this.#pieces(node, delta);
    return Buffer.concat(pieces, size);
  }

  #pieces(node: string, delta: EvidenceDelta): { readonly pieces: readonly Uint8Array[]; readonly size: number } {
    const named = new Set(delta.logs.map(({ log }) => hex(log)));
    if (named.size < delta.logs.length) throw needed("each log that is kept once", "one twice");
    const logs = this.#nodes.get(node) ?? [];
    const pieces = piecesOf(delta, (digest) => logs.find((log) => log.digest === hex(digest))?.bytes);
    if (pieces === undefined) throw needed("a log that this verifier has in memory", "another");
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    if (size > MOST_EVIDENCE)
      throw new VerifierError("too-large", `expected evidence of at most ${MOST_EVIDENCE} bytes, got ${size}`);
    return { pieces, size };
  }

  /**
   * Keeps the logs of evidence that was judged, in place of those before, and returns their digests; none where there is no memory for
   * them: the next evidence of this node then comes whole.
   */
  keep(node: TenantNode, { bootLog, imaList, ledger }: Evidence): readonly string[] {
    const before = this.#nodes.get(node.id);
    const logs = [bootLog, imaList, ledger]
      .filter((log) => log !== undefined)
      .filter(({ length }) => length >= LEAST_LOG)
      .map((log) => before?.find(({ bytes }) => isSame(bytes, log)) ?? keptOf(log));
    const size = logs.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const isKept = logs.length > 0 && size <= MOST_OF_NODE && this.#nodes.keep(node, logs, size);
    if (!isKept) this.#nodes.drop(node.id);
    return isKept ? logs.map(({ digest }) => digest) : [];
  }
}

/** Refuses evidence that is not the one that its delta says. */
export function assertWhole({ digest }: EvidenceReading, { whole }: EvidenceDelta): void {
  if (digest !== hex(whole)) throw needed("a delta that leads to the evidence that it names", "one that does not");
}

function needed(expected: string, got: string): VerifierError {
  return new VerifierError("full-log-needed", `expected ${expected}, got ${got}; send the whole evidence`);
}

const keptOf = (bytes: Uint8Array): KeptLog => ({ digest: createHash("sha256").update(bytes).digest("hex"), bytes });
const isSame = (one: Uint8Array, other: Uint8Array) => one.length === other.length && Buffer.compare(one, other) === 0;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
