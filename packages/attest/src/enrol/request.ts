/** What a node sends to be enrolled: its attestation key, and its endorsement keys with their makers' certificates. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { equal } from "../cbor/index.ts";
import { AttestError } from "../error.ts";
import { decode, encode } from "../tpm/codec.ts";
import { nameOf } from "../tpm/names.ts";
import { publicArea, type PublicArea } from "../tpm/structures.ts";
import { attestationKey, endorsementP384, endorsementRsa } from "../tpm/templates.ts";
import { base64, bytesIn, readDocument, tableIn, unfit, writeDocument } from "./document.ts";

export interface Endorsement {
  readonly public: PublicArea;
  /** X.509 in DER, as the TPM holds it. */
  readonly certificate: Uint8Array;
}

export interface EnrolmentRequest {
  readonly attestationKey: PublicArea;
  readonly endorsements: readonly Endorsement[];
}

const KIND = "enrolment request 1";
const MOST_ENDORSEMENTS = 4;

export function writeRequest({ attestationKey: key, endorsements }: EnrolmentRequest): string {
  return writeDocument(KIND, {
    attestationKey: base64(encode(publicArea, key)),
    endorsements: endorsements.map(writeEndorsement),
  });
}

export function writeEndorsement({ public: area, certificate }: Endorsement) {
  return { public: base64(encode(publicArea, area)), certificate: base64(certificate) };
}

/** Refuses keys that are not made by the templates: nothing else about their attributes is certified. */
export function readRequest(bytes: Uint8Array): EnrolmentRequest {
  const table = readDocument(bytes, KIND, ["attestationKey", "endorsements"]);
  const listed = table["endorsements"];
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > MOST_ENDORSEMENTS)
    throw unfit(KIND, `expected 1 to ${MOST_ENDORSEMENTS} endorsement keys`);
  const key = decode(publicArea, bytesIn(table, "attestationKey", KIND));
  if (!isMadeBy(attestationKey, key)) throw odd("attestation key", key);
  return { attestationKey: key, endorsements: listed.map((each) => readEndorsement(each, KIND)) };
}

export function readEndorsement(value: unknown, kind: string): Endorsement {
  const table = tableIn(value, kind, ["public", "certificate"]);
  const area = decode(publicArea, bytesIn(table, "public", kind));
  if (!isMadeBy(endorsementRsa, area) && !isMadeBy(endorsementP384, area)) throw odd("endorsement key", area);
  return { public: area, certificate: bytesIn(table, "certificate", kind) };
}

/** The name that a node is known by: the digest in the Name of its attestation key, in hexadecimal. */
export function nodeIdOf(key: PublicArea): string {
  return bytesToHex(nameOf(key).subarray(2));
}

/** Whether an area is the template but for the key itself. */
function isMadeBy(template: PublicArea, area: PublicArea): boolean {
  const { unique } = template.value;
  const blank = { is: area.is, value: { ...area.value, unique } } as PublicArea;
  return area.is === template.is && equal(encode(publicArea, blank), encode(publicArea, template));
}

function odd(what: string, area: PublicArea): AttestError {
  return new AttestError(
    "bad-enrolment",
    `expected an ${what} of the published template, got ${area.is} with attributes 0x${area.value.attributes.toString(16)}; let isoline make it`,
  );
}
