/** Evidence that came, each part of which is read once, however many checks ask for it. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type BootLog, parseBootLog, replayBootLog } from "../boot/index.ts";
import { type CanisterBody, readCanisterBody } from "./canister-body.ts";
import { type Evidence, readEvidence } from "./evidence.ts";
import { type NodeBody, readNodeBody } from "./node-body.ts";

/**
 * Reads the parts of one evidence, each at most once. A part that cannot be read is refused each time that it is asked for. `hash` is
 * SHA-256; the one of a platform is faster than the one here, which runs anywhere.
 */
export class EvidenceReading {
  /** As they came. They must not be changed after this. */
  readonly bytes: Uint8Array;
  readonly #hash: (bytes: Uint8Array) => Uint8Array;
  readonly #canisters = new Map<Uint8Array, CanisterBody>();
  #digest: string | undefined;
  #evidence: Evidence | undefined;
  #node: NodeBody | undefined;
  #bootLog: BootLog | undefined;
  #bootRegisters: ReadonlyMap<number, Uint8Array> | undefined;

  constructor(bytes: Uint8Array, hash: (bytes: Uint8Array) => Uint8Array = sha256) {
    this.bytes = bytes;
    this.#hash = hash;
  }

  static of(given: Uint8Array | EvidenceReading): EvidenceReading {
    return given instanceof EvidenceReading ? given : new EvidenceReading(given);
  }

  /** SHA-256 of the bytes, in hexadecimal. */
  get digest(): string {
    this.#digest ??= bytesToHex(Uint8Array.from(this.#hash(this.bytes)));
    return this.#digest;
  }

  get evidence(): Evidence {
    this.#evidence ??= readEvidence(this.bytes);
    return this.#evidence;
  }

  get node(): NodeBody {
    this.#node ??= readNodeBody(this.evidence.node);
    return this.#node;
  }

  /** One of the encoded bodies in `evidence`. */
  canister(body: Uint8Array): CanisterBody {
    const known = this.#canisters.get(body) ?? readCanisterBody(body);
    this.#canisters.set(body, known);
    return known;
  }

  /** The registers of the SHA-256 bank that the log of measured boot leads to; undefined without a log. */
  get bootRegisters(): ReadonlyMap<number, Uint8Array> | undefined {
    const { bootLog } = this;
    if (bootLog !== undefined) this.#bootRegisters ??= replayBootLog(bootLog, "sha256");
    return this.#bootRegisters;
  }

  /** The log of measured boot; undefined without one. */
  get bootLog(): BootLog | undefined {
    const { bootLog } = this.evidence;
    if (bootLog !== undefined) this.#bootLog ??= parseBootLog(bootLog);
    return this.#bootLog;
  }
}
