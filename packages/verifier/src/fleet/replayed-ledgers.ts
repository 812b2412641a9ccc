/** What the ledgers of nodes led to, in memory, so that a ledger that did not change is not replayed each minute. */
import type { ReplayedLedger } from "@isoline/attest/appraise";
import { NodeMemory, type TenantNode } from "./node-memory.ts";

/** Bytes of all such ledgers. What they lead to takes about six times as much. */
const MOST_OF_ALL = 16 * 2 ** 20;
/** A longer ledger is replayed each time. */
const MOST_OF_NODE = 2 ** 18;

interface Replayed {
  readonly file: Uint8Array;
  readonly led: ReplayedLedger;
}

export class ReplayedLedgers {
  readonly #nodes: NodeMemory<Replayed>;

  constructor(idleSeconds: number, most = MOST_OF_ALL) {
    this.#nodes = new NodeMemory(most, idleSeconds);
  }

  /** Of a node that is gone. */
  drop(node: string): void {
    this.#nodes.drop(node);
  }

  /** What this ledger of a node leads to: known only where all of its bytes are the same. A refusal is made anew each time. */
  of(node: TenantNode, file: Uint8Array, replay: () => ReplayedLedger): ReplayedLedger {
    const known = this.#nodes.get(node.id);
    if (known !== undefined && Buffer.compare(known.file, file) === 0) return known.led;
    const led = replay();
    if (file.length <= MOST_OF_NODE) this.#nodes.keep(node, { file, led }, file.length);
    else this.#nodes.drop(node.id);
    return led;
  }
}
