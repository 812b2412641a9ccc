/** Names of a TPM's objects: the hash algorithm, and the digest of the public area (TPM 2.0 Library, part 1, 16). */
import { concatBytes } from "@noble/hashes/utils.js";
import { numberBytes } from "./bytes.ts";
import { encode } from "./codec.ts";
import { algorithms, type HashName } from "./constants.ts";
import { hashOf } from "./hash.ts";
import { nvPublic, type NvPublic, publicArea, type PublicArea } from "./structures.ts";

/** The Name of an object. */
export function nameOf(area: PublicArea): Uint8Array {
  return named(area.value.nameAlg, encode(publicArea, area));
}

/** The Name of an NV index. */
export function nvNameOf(area: NvPublic): Uint8Array {
  return named(area.nameAlg, encode(nvPublic, area));
}

function named(hash: HashName, bytes: Uint8Array): Uint8Array {
  return concatBytes(numberBytes(algorithms[hash], 2), hashOf(hash, bytes));
}
