/**
 * Proofs of identity: each end of a wire proves that it is the one that the other expects, over a binding that holds for this session
 * alone. Here by keys in files; by a TPM's quote in measured-proof.ts; a report of a TEE would have the binding as its report data.
 */
import { type KeyObject, sign, verify } from "node:crypto";
import { refused } from "./faults.ts";

/** The kinds of proofs, as the first byte says. */
export const kinds = { ed25519: 1, tee: 2, quote: 3 } as const;

/** The longest proof that is read; a quote is far shorter. */
export const MOST_PROOF = 256 * 1024;

export interface Prover {
  readonly kind: number;
  /** Proves this end over a binding of 64 bytes. */
  prove(binding: Buffer): Uint8Array;
}

export interface Verifier {
  /** Returns by what the other end is known; throws `engine-refused` if it is not proven. */
  verify(kind: number, proof: Buffer, binding: Buffer): string;
}

/** A private key in a file. */
export function keyProver(key: KeyObject): Prover {
  return { kind: kinds.ed25519, prove: (binding) => sign(null, binding, key) };
}

/** A public key that the other end may have, and what it is called. */
export interface PinnedKey {
  readonly name: string;
  readonly key: KeyObject;
}

/** One of several pinned keys. */
export function keyVerifier(who: "engine" | "sensor", pinned: readonly PinnedKey[]): Verifier {
  return {
    verify(kind, proof, binding) {
      if (kind !== kinds.ed25519)
        throw refused(`expected the ${who} to sign with an Ed25519 key (proof ${kinds.ed25519}), got proof ${kind}`);
      const signer = pinned.find(({ key }) => verify(null, binding, key, proof));
      if (signer !== undefined) return signer.name;
      const names = pinned.map(({ name }) => name).join(", ");
      throw refused(`expected the ${who} to prove a key in ${names}, and it has another one`);
    },
  };
}
