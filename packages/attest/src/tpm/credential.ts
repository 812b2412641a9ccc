/**
 * The verifier's side of credential activation: a secret that only the TPM with this endorsement key can recover, and only if the
 * other key is in it as well. It needs no TPM (TPM 2.0 Library, part 1, 24, and annexes B.10.4 and C.6.4 for the two kinds of key).
 */
import { constants, createCipheriv, createECDH, createHash, createHmac, publicEncrypt, randomBytes } from "node:crypto";
import { bad } from "./bytes.ts";
import { encode } from "./codec.ts";
import { hashes, type HashName } from "./constants.ts";
import { padded, publicKeyOf } from "./public-key.ts";
import { eccPoint, type PublicArea, sizedSecret } from "./structures.ts";

export interface Credential {
  /** For TPM2_ActivateCredential, as `credentialBlob`. */
  readonly credentialBlob: Uint8Array;
  /** And as `secret`. */
  readonly secret: Uint8Array;
}

const LABEL = "IDENTITY";
const NODE_CURVES = { p256: "prime256v1", p384: "secp384r1", p521: "secp521r1" } as const;

/**
 * Wraps a secret for the key with the Name `objectName` in the TPM of `endorsement`. The secret may be as long as a digest of the
 * endorsement key's name algorithm.
 */
export function makeCredential(endorsement: PublicArea, objectName: Uint8Array, secret: Uint8Array): Credential {
  const { nameAlg, symmetric } = endorsement.value;
  if (symmetric.is !== "aes") throw bad("an endorsement key has a symmetric algorithm, and this key has none");
  if (secret.length > hashes[nameAlg])
    throw bad(`expected a secret of at most ${hashes[nameAlg]} bytes, got ${secret.length}`);
  const { seed, wrapped } = endorsement.is === "rsa" ? seedForRsa(endorsement) : seedForEcc(endorsement);
  const { keyBits } = symmetric.value;
  const key = kdfa(nameAlg, seed, "STORAGE", objectName, keyBits);
  const cipher = createCipheriv(`aes-${keyBits}-cfb`, key, Buffer.alloc(16));
  const identity = Buffer.concat([cipher.update(encode(sizedSecret, secret)), cipher.final()]);
  const integrityKey = kdfa(nameAlg, seed, "INTEGRITY", Buffer.alloc(0), hashes[nameAlg] * 8);
  const integrity = createHmac(nameAlg, integrityKey).update(identity).update(objectName).digest();
  return { credentialBlob: Buffer.concat([encode(sizedSecret, integrity), identity]), secret: wrapped };
}

interface Seed {
  readonly seed: Buffer;
  readonly wrapped: Uint8Array;
}

/** B.10.4: the seed is drawn, and encrypted with OAEP under a label that ends in a zero. */
function seedForRsa(endorsement: Extract<PublicArea, { is: "rsa" }>): Seed {
  const { nameAlg } = endorsement.value;
  const seed = randomBytes(hashes[nameAlg]);
  const options = {
    key: publicKeyOf(endorsement),
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: nameAlg,
    oaepLabel: Buffer.from(`${LABEL}\0`, "latin1"),
  };
  return { seed, wrapped: publicEncrypt(options, seed) };
}

/** C.6.4: the seed follows from a key that is made for this one exchange. */
function seedForEcc(endorsement: Extract<PublicArea, { is: "ecc" }>): Seed {
  const { curve, unique, nameAlg } = endorsement.value;
  const once = createECDH(NODE_CURVES[curve]);
  const own = once.generateKeys();
  const length = (own.length - 1) / 2;
  const x = own.subarray(1, 1 + length);
  const theirs = [unique.x, unique.y].map((part) => padded(part, length));
  const shared = once.computeSecret(Buffer.concat([Buffer.from([4]), ...theirs]));
  return {
    seed: kdfe(nameAlg, shared, x, theirs[0] as Buffer),
    wrapped: encode(eccPoint, { x, y: own.subarray(1 + length) }),
  };
}

/** KDFa (part 1, 11.4.10.2): HMAC over a counter, the label with a zero, the context and the number of bits. */
function kdfa(hash: HashName, key: Uint8Array, label: string, context: Uint8Array, bits: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 1; blocks.length * hashes[hash] * 8 < bits; counter++)
    blocks.push(
      createHmac(hash, key)
        .update(word(counter))
        .update(`${label}\0`, "latin1")
        .update(context)
        .update(word(bits))
        .digest(),
    );
  return Buffer.concat(blocks).subarray(0, bits / 8);
}

/** KDFe (part 1, 11.4.10.3), for as many bits as the hash has: one block. */
function kdfe(hash: HashName, shared: Uint8Array, partyU: Uint8Array, partyV: Uint8Array): Buffer {
  return createHash(hash)
    .update(word(1))
    .update(shared)
    .update(`${LABEL}\0`, "latin1")
    .update(partyU)
    .update(partyV)
    .digest();
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
