/** The structures of a TPM that this project reads and writes (TPM 2.0 Library, part 2, version 184). */
import { concatBytes } from "@noble/hashes/utils.js";
import {
  type Codec,
  choice,
  decode,
  empty,
  encode,
  fixed,
  list,
  named,
  sized,
  sizedOf,
  struct,
  u16,
  u32,
  u64,
  type ValueOf,
  yesNo,
} from "./codec.ts";
import { algorithms, attestTypes, curves, hashes, type HashName } from "./constants.ts";

const MOST_DIGEST = 64;
const { sha1, sha256, sha384, sha512 } = algorithms;

/** TPMI_ALG_HASH (9.27), without the null algorithm. */
export const hashName: Codec<HashName> = named("TPMI_ALG_HASH", 2, { sha1, sha256, sha384, sha512 });

/** TPM2B_DIGEST, TPM2B_NONCE, TPM2B_AUTH (10.4). */
export const digest = sized("TPM2B_DIGEST", MOST_DIGEST);
export const nonce = sized("TPM2B_NONCE", MOST_DIGEST);
export const auth = sized("TPM2B_AUTH", MOST_DIGEST);
/** TPM2B_DATA (10.4.3). */
export const data = sized("TPM2B_DATA", 64 + 2);
/** TPM2B_NAME (10.5.3): the algorithm and the digest of a public area. */
export const objectName = sized("TPM2B_NAME", 2 + MOST_DIGEST);
/** TPM2B_MAX_NV_BUFFER (10.4.9). */
export const nvBuffer = sized("TPM2B_MAX_NV_BUFFER", 2048);
/** TPM2B_ENCRYPTED_SECRET (11.4.3), TPM2B_ID_OBJECT (12.4.3). */
export const encryptedSecret = sized("TPM2B_ENCRYPTED_SECRET", 512);
export const idObject = sized("TPM2B_ID_OBJECT", 2 * (2 + MOST_DIGEST));
/** A TPM2B around bytes that are encrypted as a whole (part 1, 24). */
export const sizedSecret = sized("TPM2B_DIGEST", MOST_DIGEST);
export const privateArea = sized("TPM2B_PRIVATE", 1024);

/** TPMT_HA (10.3.2): a digest with its algorithm, whose length follows from it. */
const taggedDigest = choice("TPMT_HA", hashName, {
  sha1: fixed("SHA1", hashes.sha1),
  sha256: fixed("SHA256", hashes.sha256),
  sha384: fixed("SHA384", hashes.sha384),
  sha512: fixed("SHA512", hashes.sha512),
});
export const digestValues = list("TPML_DIGEST_VALUES", taggedDigest, 16);
export const digests = list("TPML_DIGEST", digest, 8);

/** TPMS_PCR_SELECTION (10.6.2): one bit for each register, the lowest first. */
const bitmap: Codec<readonly number[]> = {
  name: "BYTE[sizeofSelect]",
  members: [],
  read: (from) => {
    const bytes = from.take(from.number(1, "sizeofSelect"), "pcrSelect");
    return Array.from({ length: bytes.length * 8 }, (_, index) => index).filter(
      (index) => ((bytes[index >> 3] as number) & (1 << (index & 7))) !== 0,
    );
  },
  write: (out, registers) => {
    const bytes = new Uint8Array(3);
    for (const register of registers) bytes[register >> 3] = (bytes[register >> 3] as number) | (1 << (register & 7));
    out.number(bytes.length, 1, "sizeofSelect");
    out.bytes(bytes);
  },
};
const pcrSelection = struct("TPMS_PCR_SELECTION", { hash: hashName, registers: bitmap });
export const pcrSelections = list("TPML_PCR_SELECTION", pcrSelection, 16);

/** TPMT_SYM_DEF_OBJECT (11.1.7): AES in CFB mode, or none. */
export const symmetric = choice(
  "TPMT_SYM_DEF_OBJECT",
  named("TPMI_ALG_SYM_OBJECT", 2, { aes: algorithms.aes, null: algorithms.null }),
  {
    aes: struct("AES", { keyBits: u16, mode: named("TPMI_ALG_SYM_MODE", 2, { cfb: algorithms.cfb }) }),
    null: empty,
  },
);

const schemeHash = struct("TPMS_SCHEME_HASH", { hash: hashName });
/** TPMT_SIG_SCHEME and its relatives (11.2): the scheme of a signing key. */
export const scheme = choice(
  "TPMT_SIG_SCHEME",
  named("TPMI_ALG_SIG_SCHEME+", 2, {
    ecdsa: algorithms.ecdsa,
    rsassa: algorithms.rsassa,
    rsapss: algorithms.rsapss,
    null: algorithms.null,
  }),
  { ecdsa: schemeHash, rsassa: schemeHash, rsapss: schemeHash, null: empty },
);

export const eccPoint = struct("TPMS_ECC_POINT", {
  x: sized("TPM2B_ECC_PARAMETER", 66),
  y: sized("TPM2B_ECC_PARAMETER", 66),
});
const noScheme = named("TPMI_ALG_KDF+", 2, { null: algorithms.null });

/** What TPMT_PUBLIC (12.2.4) says after its type: the algorithm's parameters and the key itself. */
const common = { nameAlg: hashName, attributes: u32, authPolicy: digest };
export const publicArea = choice(
  "TPMT_PUBLIC",
  named("TPMI_ALG_PUBLIC", 2, { rsa: algorithms.rsa, ecc: algorithms.ecc }),
  {
    rsa: struct("TPMS_RSA_PARMS", {
      ...common,
      symmetric,
      scheme,
      keyBits: u16,
      exponent: u32,
      unique: sized("TPM2B_PUBLIC_KEY_RSA", 512),
    }),
    ecc: struct("TPMS_ECC_PARMS", {
      ...common,
      symmetric,
      scheme,
      curve: named("TPMI_ECC_CURVE", 2, curves),
      kdf: noScheme,
      unique: eccPoint,
    }),
  },
);
export type PublicArea = ValueOf<typeof publicArea>;
export const sizedPublic = sizedOf("TPM2B_PUBLIC", publicArea);

/** TPMS_SENSITIVE_CREATE (11.1.15). */
export const sensitiveCreate = sizedOf(
  "TPM2B_SENSITIVE_CREATE",
  struct("TPMS_SENSITIVE_CREATE", { userAuth: auth, data: sized("TPM2B_SENSITIVE_DATA", 256) }),
);

/** TPMT_TK_CREATION and the other tickets (10.7). */
export const ticket = struct("TPMT_TK", { tag: u16, hierarchy: u32, digest });

/** TPMS_CREATION_DATA is only passed on, so it is kept as bytes. */
export const creationData = sized("TPM2B_CREATION_DATA", 1024);

/** TPMT_SIGNATURE (11.3.4). */
const rsaSignature = struct("TPMS_SIGNATURE_RSA", { hash: hashName, signature: sized("TPM2B_PUBLIC_KEY_RSA", 512) });
export const signature = choice(
  "TPMT_SIGNATURE",
  named("TPMI_ALG_SIG_SCHEME", 2, { ecdsa: algorithms.ecdsa, rsassa: algorithms.rsassa, rsapss: algorithms.rsapss }),
  {
    ecdsa: struct("TPMS_SIGNATURE_ECC", {
      hash: hashName,
      r: sized("TPM2B_ECC_PARAMETER", 66),
      s: sized("TPM2B_ECC_PARAMETER", 66),
    }),
    rsassa: rsaSignature,
    rsapss: rsaSignature,
  },
);
export type Signature = ValueOf<typeof signature>;

/** TPMS_CLOCK_INFO (10.11.1): `clock` in milliseconds. `safe` is false after a reset without an orderly shutdown. */
const clockInfo = struct("TPMS_CLOCK_INFO", { clock: u64, resetCount: u32, restartCount: u32, safe: yesNo });
/** TPMS_TIME_INFO (10.11.6). */
export const timeInfo = struct("TPMS_TIME_INFO", { time: u64, clockInfo });

const attestedName = struct("TPMS_CERTIFY_INFO", { name: objectName, qualifiedName: objectName });
const attested = choice("TPMU_ATTEST", named("TPMI_ST_ATTEST", 2, attestTypes), {
  quote: struct("TPMS_QUOTE_INFO", { pcrs: pcrSelections, digest }),
  certify: attestedName,
  nv: struct("TPMS_NV_CERTIFY_INFO", { name: objectName, offset: u16, contents: nvBuffer }),
  time: struct("TPMS_TIME_ATTEST_INFO", { time: timeInfo, firmwareVersion: u64 }),
  creation: struct("TPMS_CREATION_INFO", { name: objectName, creationHash: digest }),
});

const attestHead = struct("TPMS_ATTEST", {
  qualifiedSigner: objectName,
  extraData: data,
  clockInfo,
  firmwareVersion: u64,
});

/** TPMS_ATTEST (10.12.12): what a key signs. The selector stands before the signer, the union after the firmware version. */
export const attest: Codec<Attest> = {
  name: "TPMS_ATTEST",
  members: [
    { name: "magic", codec: u32 },
    ...attestHead.members,
    { name: "attested", codec: attested as Codec<never> },
  ],
  read: (from) => {
    const magic = u32.read(from);
    const type = from.take(2, "TPMI_ST_ATTEST");
    const head = { magic, ...attestHead.read(from) };
    // The union is read as if its selector stood directly before it.
    const rest = concatBytes(type, from.take(from.left, "TPMU_ATTEST"));
    return { ...head, attested: decode(attested, rest) };
  },
  write: (out, { magic, attested: told, ...head }) => {
    const whole = encode(attested, told);
    u32.write(out, magic);
    out.bytes(whole.subarray(0, 2));
    attestHead.write(out, head);
    out.bytes(whole.subarray(2));
  },
};
export type Attest = ValueOf<typeof attestHead> & {
  readonly magic: number;
  readonly attested: ValueOf<typeof attested>;
};

/** TPMS_NV_PUBLIC (13.5). */
export const nvPublic = struct("TPMS_NV_PUBLIC", {
  index: u32,
  nameAlg: hashName,
  attributes: u32,
  authPolicy: digest,
  dataSize: u16,
});
export type NvPublic = ValueOf<typeof nvPublic>;
export const sizedNvPublic = sizedOf("TPM2B_NV_PUBLIC", nvPublic);

/** TPMS_TAGGED_PCR_SELECT (10.8.3): the registers that have a property. */
const taggedRegisters = struct("TPMS_TAGGED_PCR_SELECT", { property: u32, registers: bitmap });

/** TPMS_CAPABILITY_DATA (10.10.2): the four that are asked for. */
export const capabilityData = choice(
  "TPMS_CAPABILITY_DATA",
  named("TPM_CAP", 4, { handles: 1, pcrs: 5, properties: 6, pcrProperties: 7 }),
  {
    handles: list("TPML_HANDLE", u32, 254),
    pcrs: pcrSelections,
    properties: list("TPML_TAGGED_TPM_PROPERTY", struct("TPMS_TAGGED_PROPERTY", { property: u32, value: u32 }), 127),
    pcrProperties: list("TPML_TAGGED_PCR_PROPERTY", taggedRegisters, 253),
  },
);
