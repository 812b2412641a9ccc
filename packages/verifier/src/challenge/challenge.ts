/**
 * Challenges that need no memory: each carries when and by which key it was made, and proves that it is ours. Format and reasons:
 * docs/spec/challenge.md.
 *
 *    0       1      2              8               16                              32
 *   ┌───────┬──────┬──────────────┬───────────────┬───────────────────────────────┐
 *   │ 1     │ key  │ ms since     │ random        │ HMAC-SHA-256, first 16 bytes  │
 *   │       │      │ 1970, 48 bit │               │                               │
 *   └───────┴──────┴──────────────┴───────────────┴───────────────────────────────┘
 *
 * The HMAC is over "isoline challenge 1" ‖ bytes 0 to 15 ‖ the 32 bytes of the node's id: a challenge for one node is none for
 * another.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { VerifierError } from "../error.ts";

const VERSION = 1;
const HEAD_BYTES = 16;
const CHALLENGE_BYTES = 32;
/** Other verifiers on the same database may have a clock that runs before ours. */
const AHEAD_MS = 60_000;
const LEAST_SECRET_BYTES = 32;

interface Key {
  readonly id: number;
  readonly secret: Uint8Array;
}

export class ChallengeKeys {
  /** The last one makes challenges; all of them check. */
  readonly #keys: readonly Key[];

  /** Secrets in the order of their age, the newest last. */
  constructor(secrets: readonly Uint8Array[]) {
    if (secrets.length === 0) throw unfit("at least one secret for challenges", "none");
    const short = secrets.find(({ length }) => length < LEAST_SECRET_BYTES);
    if (short !== undefined) throw unfit(`secrets of at least ${LEAST_SECRET_BYTES} bytes`, `one of ${short.length}`);
    this.#keys = secrets.map((secret) => ({ id: idOf(secret), secret }));
    const twice = this.#keys.find(({ id }, at) => this.#keys.some((other, place) => place < at && other.id === id));
    if (twice !== undefined) throw unfit("secrets with ids of their own", "two with one; make the newer one again");
  }

  /** A new challenge for a node, by its id in hexadecimal. */
  make(node: string, now: Date): Uint8Array {
    const key = this.#keys.at(-1) as Key;
    const challenge = Buffer.alloc(CHALLENGE_BYTES);
    challenge[0] = VERSION;
    challenge[1] = key.id;
    challenge.writeUIntBE(now.getTime(), 2, 6);
    randomBytes(8).copy(challenge, 8);
    codeOf(key, challenge, node).copy(challenge, HEAD_BYTES);
    return Uint8Array.from(challenge);
  }

  /** Refuses what is not a challenge of ours for this node, or one that is older than so many seconds. */
  assertOurs(challenge: Uint8Array, node: string, now: Date, seconds: number): void {
    const bytes = Buffer.from(challenge);
    if (bytes.length !== CHALLENGE_BYTES || bytes[0] !== VERSION)
      throw refused("a challenge of version 1", "something else");
    const key = this.#keys.find(({ id }) => id === bytes[1]);
    if (key === undefined) throw refused("a challenge by a key that is in use", "one by another");
    if (!timingSafeEqual(codeOf(key, bytes, node), bytes.subarray(HEAD_BYTES)))
      throw refused("a challenge that was made for this node", "another");
    const age = now.getTime() - madeAt(bytes);
    // In this form, seconds that are not a number refuse all.
    if (!(age <= seconds * 1000 && age >= -AHEAD_MS))
      throw refused(`a challenge of the last ${seconds} seconds`, `one of ${Math.round(age / 1000)} seconds ago`);
  }
}

/** When a challenge was made, in milliseconds since 1970. Only of one that is ours. */
export const madeAt = (challenge: Uint8Array): number => Buffer.from(challenge).readUIntBE(2, 6);

/** Which secret a challenge was made with: the first byte of a digest of it. */
function idOf(secret: Uint8Array): number {
  return createHash("sha256").update("isoline challenge key 1").update(secret).digest()[0] as number;
}

function codeOf({ secret }: Key, challenge: Buffer, node: string): Buffer {
  return createHmac("sha256", secret)
    .update("isoline challenge 1")
    .update(challenge.subarray(0, HEAD_BYTES))
    .update(Buffer.from(node, "hex"))
    .digest()
    .subarray(0, CHALLENGE_BYTES - HEAD_BYTES);
}

function refused(expected: string, got: string): VerifierError {
  return new VerifierError("challenge-refused", `expected ${expected}, got ${got}; ask for a new challenge`);
}

const unfit = (expected: string, got: string) =>
  new VerifierError("bad-configuration", `expected ${expected}, got ${got}`);
