/** The commands of a TPM that this project uses (TPM 2.0 Library, part 3, version 184), one row each. */
import { type Codec, named, type RecordOf, sizedOf, struct, u16, u32, yesNo } from "./codec.ts";
import { capabilities, sessionTypes } from "./constants.ts";
import {
  attest,
  auth,
  capabilityData,
  creationData,
  data,
  digest,
  digests,
  digestValues,
  encryptedSecret,
  hashName,
  idObject,
  nonce,
  nvBuffer,
  objectName,
  pcrSelections,
  privateArea,
  scheme,
  sensitiveCreate,
  signature,
  sizedNvPublic,
  sizedPublic,
  symmetric,
  ticket,
  timeInfo,
} from "./structures.ts";

type Fields = Readonly<Record<string, Codec<never> | Codec<unknown>>>;

export interface Command<P extends Fields, R extends Fields> {
  readonly name: string;
  /** TPM_CC (part 2, 6.5.2). */
  readonly code: number;
  /** Names of the handles, in order; the first `authorised` of them need an authorisation. */
  readonly handles: readonly string[];
  readonly authorised: number;
  readonly parameters: Codec<RecordOf<P>>;
  /** Whether the response begins with a handle. */
  readonly givesHandle: boolean;
  readonly response: Codec<RecordOf<R>>;
}

interface Row<P extends Fields, R extends Fields> {
  readonly handles?: readonly string[];
  readonly authorised?: number;
  readonly parameters?: P;
  readonly givesHandle?: boolean;
  readonly response?: R;
}

function command<P extends Fields = Record<never, never>, R extends Fields = Record<never, never>>(
  name: string,
  code: number,
  { handles = [], authorised = 0, parameters, givesHandle = false, response }: Row<P, R>,
): Command<P, R> {
  return {
    name,
    code,
    handles,
    authorised,
    parameters: struct(`${name} parameters`, (parameters ?? {}) as P),
    givesHandle,
    response: struct(`${name} response`, (response ?? {}) as R),
  };
}

const attestation = sizedOf("TPM2B_ATTEST", attest);
const anyAttestation = { attested: attestation, signature };
const policyTimes = { policyRef: nonce, expiration: u32 };

export const commands = {
  startup: command("TPM2_Startup", 0x144, { parameters: { type: u16 } }),
  shutdown: command("TPM2_Shutdown", 0x145, { parameters: { type: u16 } }),
  getCapability: command("TPM2_GetCapability", 0x17a, {
    parameters: { capability: named("TPM_CAP", 4, capabilities), property: u32, count: u32 },
    response: { more: yesNo, data: capabilityData },
  }),
  getRandom: command("TPM2_GetRandom", 0x17b, { parameters: { bytes: u16 }, response: { random: digest } }),
  pcrRead: command("TPM2_PCR_Read", 0x17e, {
    parameters: { selection: pcrSelections },
    response: { updates: u32, selection: pcrSelections, values: digests },
  }),
  pcrExtend: command("TPM2_PCR_Extend", 0x182, {
    handles: ["pcr"],
    authorised: 1,
    parameters: { digests: digestValues },
  }),
  pcrReset: command("TPM2_PCR_Reset", 0x13d, { handles: ["pcr"], authorised: 1 }),
  createPrimary: command("TPM2_CreatePrimary", 0x131, {
    handles: ["hierarchy"],
    authorised: 1,
    parameters: { sensitive: sensitiveCreate, public: sizedPublic, outside: data, creationPcrs: pcrSelections },
    givesHandle: true,
    response: { public: sizedPublic, creationData, creationHash: digest, ticket, name: objectName },
  }),
  create: command("TPM2_Create", 0x153, {
    handles: ["parent"],
    authorised: 1,
    parameters: { sensitive: sensitiveCreate, public: sizedPublic, outside: data, creationPcrs: pcrSelections },
    response: { private: privateArea, public: sizedPublic, creationData, creationHash: digest, ticket },
  }),
  load: command("TPM2_Load", 0x157, {
    handles: ["parent"],
    authorised: 1,
    parameters: { private: privateArea, public: sizedPublic },
    givesHandle: true,
    response: { name: objectName },
  }),
  loadExternal: command("TPM2_LoadExternal", 0x167, {
    parameters: { private: privateArea, public: sizedPublic, hierarchy: u32 },
    givesHandle: true,
    response: { name: objectName },
  }),
  readPublic: command("TPM2_ReadPublic", 0x173, {
    handles: ["object"],
    response: { public: sizedPublic, name: objectName, qualifiedName: objectName },
  }),
  flushContext: command("TPM2_FlushContext", 0x165, { parameters: { handle: u32 } }),
  makeCredential: command("TPM2_MakeCredential", 0x168, {
    handles: ["key"],
    parameters: { credential: digest, objectName },
    response: { credentialBlob: idObject, secret: encryptedSecret },
  }),
  activateCredential: command("TPM2_ActivateCredential", 0x147, {
    handles: ["activated", "key"],
    authorised: 2,
    parameters: { credentialBlob: idObject, secret: encryptedSecret },
    response: { credential: digest },
  }),
  startAuthSession: command("TPM2_StartAuthSession", 0x176, {
    handles: ["salt key", "bound to"],
    parameters: {
      nonce,
      salt: encryptedSecret,
      type: named("TPM_SE", 1, sessionTypes),
      symmetric,
      hash: hashName,
    },
    givesHandle: true,
    response: { nonce },
  }),
  policySecret: command("TPM2_PolicySecret", 0x151, {
    handles: ["entity", "session"],
    authorised: 1,
    parameters: { nonce, cpHash: digest, ...policyTimes },
    response: { timeout: digest, ticket },
  }),
  policySigned: command("TPM2_PolicySigned", 0x160, {
    handles: ["key", "session"],
    parameters: { nonce, cpHash: digest, ...policyTimes, signature },
    response: { timeout: digest, ticket },
  }),
  policyOr: command("TPM2_PolicyOR", 0x171, { handles: ["session"], parameters: { branches: digests } }),
  policyNvWritten: command("TPM2_PolicyNvWritten", 0x18f, { handles: ["session"], parameters: { written: yesNo } }),
  policyGetDigest: command("TPM2_PolicyGetDigest", 0x189, { handles: ["session"], response: { digest } }),
  quote: command("TPM2_Quote", 0x158, {
    handles: ["key"],
    authorised: 1,
    parameters: { qualifying: data, scheme, selection: pcrSelections },
    response: anyAttestation,
  }),
  certify: command("TPM2_Certify", 0x148, {
    handles: ["object", "key"],
    authorised: 2,
    parameters: { qualifying: data, scheme },
    response: anyAttestation,
  }),
  readClock: command("TPM2_ReadClock", 0x181, { response: { time: timeInfo } }),
  nvDefine: command("TPM2_NV_DefineSpace", 0x12a, {
    handles: ["hierarchy"],
    authorised: 1,
    parameters: { auth, public: sizedNvPublic },
  }),
  nvUndefine: command("TPM2_NV_UndefineSpace", 0x122, { handles: ["hierarchy", "index"], authorised: 1 }),
  nvReadPublic: command("TPM2_NV_ReadPublic", 0x169, {
    handles: ["index"],
    response: { public: sizedNvPublic, name: objectName },
  }),
  nvRead: command("TPM2_NV_Read", 0x14e, {
    handles: ["authority", "index"],
    authorised: 1,
    parameters: { size: u16, offset: u16 },
    response: { data: nvBuffer },
  }),
  nvWrite: command("TPM2_NV_Write", 0x137, {
    handles: ["authority", "index"],
    authorised: 1,
    parameters: { data: nvBuffer, offset: u16 },
  }),
  nvExtend: command("TPM2_NV_Extend", 0x136, {
    handles: ["authority", "index"],
    authorised: 1,
    parameters: { data: nvBuffer },
  }),
  nvCertify: command("TPM2_NV_Certify", 0x184, {
    handles: ["key", "authority", "index"],
    authorised: 2,
    parameters: { qualifying: data, scheme, size: u16, offset: u16 },
    response: anyAttestation,
  }),
} as const;

/** The symmetric algorithm of a session that encrypts nothing. */
export const NO_SYMMETRIC = { is: "null", value: undefined } as const;
