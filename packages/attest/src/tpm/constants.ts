/** Numbers of the TPM 2.0 Library, part 2 (TCG), version 184, by the names that this project uses. */

/** TPM_ALG_ID (6.3). */
export const algorithms = {
  rsa: 0x0001,
  sha1: 0x0004,
  hmac: 0x0005,
  aes: 0x0006,
  keyedhash: 0x0008,
  sha256: 0x000b,
  sha384: 0x000c,
  sha512: 0x000d,
  null: 0x0010,
  rsassa: 0x0014,
  rsapss: 0x0016,
  ecdsa: 0x0018,
  ecc: 0x0023,
  cfb: 0x0043,
} as const;

/** Hash algorithms and the bytes of their digests. */
export const hashes = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;
export type HashName = keyof typeof hashes;

/** TPM_ECC_CURVE (6.4). */
export const curves = { p256: 0x0003, p384: 0x0004, p521: 0x0005 } as const;

/** TPM_RH (7.4). */
export const hierarchies = {
  owner: 0x4000_0001,
  null: 0x4000_0007,
  password: 0x4000_0009,
  lockout: 0x4000_000a,
  endorsement: 0x4000_000b,
  platform: 0x4000_000c,
} as const;

/** TPM_ST (6.9): kinds of attestation structures, and of commands. */
export const attestTypes = {
  nv: 0x8014,
  time: 0x8019,
  certify: 0x8017,
  quote: 0x8018,
  creation: 0x801a,
} as const;
export const NO_SESSIONS = 0x8001;
export const SESSIONS = 0x8002;

/** TPM_GENERATED_VALUE (6.2): `0xff` and "TCG". A key that signs only what begins so never signs a forged attestation. */
export const GENERATED = 0xff54_4347;

/** TPM_SE (6.11). */
export const sessionTypes = { hmac: 0x00, policy: 0x01, trial: 0x03 } as const;

/** TPM_CAP (6.12). */
export const capabilities = { handles: 0x01, pcrs: 0x05, properties: 0x06, pcrProperties: 0x07 } as const;

/** TPM_PT (6.13). */
export const properties = {
  manufacturer: 0x105,
  firmwareVersion1: 0x10b,
  firmwareVersion2: 0x10c,
  inputBuffer: 0x10d,
  nvIndexMax: 0x117,
  nvBufferMax: 0x12c,
  permanent: 0x200,
  nvIndices: 0x202,
} as const;

/** TPM_PT_PCR (6.14): what may be done to a register from locality 0, where an operating system is. */
export const registerProperties = { extendedByOs: 0x01, resetByOs: 0x02 } as const;

/** TPMA_PERMANENT (8.6): bits of the property `permanent`. */
export const permanentAttributes = { ownerAuthSet: 1 << 0, endorsementAuthSet: 1 << 1, inLockout: 1 << 9 } as const;

/** The first handle of each kind (7.2). */
export const handleKinds = { nv: 0x0100_0000, transient: 0x8000_0000, persistent: 0x8100_0000 } as const;

/** TPMA_OBJECT (8.3): bits. */
export const objectAttributes = {
  fixedTPM: 1 << 1,
  stClear: 1 << 2,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  userWithAuth: 1 << 6,
  adminWithPolicy: 1 << 7,
  noDA: 1 << 10,
  restricted: 1 << 16,
  decrypt: 1 << 17,
  sign: 1 << 18,
} as const;

/** TPMA_NV (13.4): bits. Bits 4 to 7 are the type of the index. */
export const nvAttributes = {
  ownerWrite: 1 << 1,
  authWrite: 1 << 2,
  policyWrite: 1 << 3,
  extend: 4 << 4,
  writeAll: 1 << 12,
  ownerRead: 1 << 17,
  authRead: 1 << 18,
  policyRead: 1 << 19,
  noDA: 1 << 25,
  orderly: 1 << 26,
  clearStClear: 1 << 27,
  readLocked: 1 << 28,
  written: 1 << 29,
} as const;

/** Certificates of the endorsement keys (TCG EK Credential Profile, 2.2.1.4 and B.3). */
export const endorsementCertificates = { rsa2048: 0x01c0_0002, p384: 0x01c0_0016 } as const;
