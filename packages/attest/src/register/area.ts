/**
 * The public area of a register, and the policy that makes its first write need a key that is thrown away after it.
 *
 * Policy (TPM 2.0 Library, part 3, 23): OR( NvWritten(no) ∧ Signed(birth key), NvWritten(yes) ). Root may delete the index and make it
 * anew under the same Name, but cannot write to it again, because the key is gone. Another policy, or another right to write, is
 * another Name.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { equal } from "../cbor/index.ts";
import { numberBytes } from "../tpm/bytes.ts";
import { decode, encode } from "../tpm/codec.ts";
import { nvAttributes as bits, objectAttributes } from "../tpm/constants.ts";
import { nameOf, nvNameOf } from "../tpm/names.ts";
import { nvPublic, type NvPublic, publicArea, type PublicArea } from "../tpm/structures.ts";
import { broken } from "./record.ts";

/** NV indexes of the owner (TCG, Registry of Reserved TPM 2.0 Handles and Localities, 2.2.2): those that are ours. */
export const FIRST_INDEX = 0x0181_5000;
export const LAST_INDEX = 0x0181_5fff;

/**
 * Empty after a start of the TPM (`clearStClear`), in its memory while it runs (`orderly`), extended under the policy and in no other
 * way, read by all.
 */
const REGISTER_ATTRIBUTES =
  bits.extend | bits.policyWrite | bits.ownerRead | bits.authRead | bits.clearStClear | bits.orderly | bits.noDA;
const DIGEST_BYTES = 32;
const NOTHING = new Uint8Array();

/** TPM_CC (part 2, 6.5.2). */
const POLICY_SIGNED = 0x160;
const POLICY_OR = 0x171;
const POLICY_NV_WRITTEN = 0x18f;

/** The area of a birth key: ECDSA over P-256, not restricted, outside of any TPM. */
export function birthKeyArea(x: Uint8Array, y: Uint8Array): PublicArea {
  return {
    is: "ecc",
    value: {
      nameAlg: "sha256",
      attributes: objectAttributes.userWithAuth | objectAttributes.sign,
      authPolicy: NOTHING,
      symmetric: { is: "null", value: undefined },
      scheme: { is: "ecdsa", value: { hash: "sha256" } },
      curve: "p256",
      kdf: "null",
      unique: { x, y },
    },
  };
}

/** The two branches of the policy: not written yet and signed by the key; written already. */
export function branchesOf(key: PublicArea): readonly [Uint8Array, Uint8Array] {
  const start = new Uint8Array(DIGEST_BYTES);
  const unwritten = hash(start, number(POLICY_NV_WRITTEN), Uint8Array.of(0));
  // Part 3, 23.2.3: the second digest is over the policyRef, which is empty.
  const signed = hash(hash(unwritten, number(POLICY_SIGNED), nameOf(key)));
  const written = hash(start, number(POLICY_NV_WRITTEN), Uint8Array.of(1));
  return [signed, written];
}

/** The area of a register with this birth key, as it is defined. */
export function registerArea(index: number, key: PublicArea): NvPublic {
  const policy = hash(new Uint8Array(DIGEST_BYTES), number(POLICY_OR), ...branchesOf(key));
  return { index, nameAlg: "sha256", attributes: REGISTER_ATTRIBUTES, authPolicy: policy, dataSize: DIGEST_BYTES };
}

/** The Name that the register has from its first write on: the TPM then sets an attribute. */
export function registerName(area: NvPublic): Uint8Array {
  return nvNameOf({ ...area, attributes: (area.attributes | bits.written) >>> 0 });
}

export interface BornRegister {
  readonly index: number;
  readonly key: PublicArea;
  readonly name: Uint8Array;
}

/** The register that a record brings into being; refuses any that could be written by another way than the policy above. */
export function registerIn(record: { readonly area: Uint8Array; readonly key: Uint8Array }): BornRegister {
  const area = decode(nvPublic, record.area);
  const key = decode(publicArea, record.key);
  if (area.index < FIRST_INDEX || area.index > LAST_INDEX)
    throw broken(`index 0x${area.index.toString(16)} is none of isoline's`);
  if (!equal(encode(nvPublic, registerArea(area.index, key)), record.area))
    throw broken(`the register at 0x${area.index.toString(16)} could be begun again, or be written by its owner`);
  return { index: area.index, key, name: registerName(area) };
}

const number = (value: number): Uint8Array => numberBytes(value, 4);

const hash = (...parts: readonly Uint8Array[]): Uint8Array => sha256(concatBytes(...parts));
