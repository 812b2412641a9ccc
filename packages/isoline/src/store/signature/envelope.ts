/**
 * Signatures around a payload: DSSE v1 (secure-systems-lab/dsse, protocol.md and envelope.md).
 *
 *   {"payloadType": TEXT, "payload": BASE64, "signatures": [{"keyid"?: TEXT, "sig": BASE64}]}
 *
 * The signed bytes are "DSSEv1", type and payload, with their lengths in bytes between them. `keyid` is an unsigned hint, so it
 * is ignored when reading, and is not written.
 */
import { type KeyObject, sign, verify } from "node:crypto";

export interface Envelope {
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signatures: readonly Buffer[];
}

const MOST_SIGNATURES = 16;

export function signEnvelope(payloadType: string, payload: Buffer, key: KeyObject): string {
  const sig = sign(digestFor(key), preAuthenticated(payloadType, payload), key).toString("base64");
  return `${JSON.stringify({ payloadType, payload: payload.toString("base64"), signatures: [{ sig }] })}\n`;
}

/** Undefined for anything but an envelope of exactly this form: it may contain nothing that is not read. */
export function parseEnvelope(bytes: Buffer): Envelope | undefined {
  const table = tableOf(parsed(bytes), ["payloadType", "payload", "signatures"]);
  if (typeof table?.["payloadType"] !== "string" || !Array.isArray(table["signatures"])) return undefined;
  const payload = fromBase64(table["payload"]);
  const signatures = table["signatures"].slice(0, MOST_SIGNATURES + 1).flatMap(signatureIn);
  const isWhole = signatures.length === table["signatures"].length && signatures.length <= MOST_SIGNATURES;
  if (payload === undefined || signatures.length === 0 || !isWhole) return undefined;
  return { payloadType: table["payloadType"], payload, signatures };
}

/** Whether one of the signatures was made by this key. */
export function isSignedBy({ payloadType, payload, signatures }: Envelope, key: KeyObject): boolean {
  const signed = preAuthenticated(payloadType, payload);
  return signatures.some((each) => {
    try {
      return verify(digestFor(key), signed, key, each);
    } catch {
      return false;
    }
  });
}

/** Ed25519 hashes by itself; ECDSA on P-256 is with SHA-256, its signatures in DER. */
function digestFor({ asymmetricKeyType }: KeyObject): "sha256" | null {
  return asymmetricKeyType === "ed25519" ? null : "sha256";
}

/** PAE of the protocol. */
function preAuthenticated(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** The bytes of a base64 text, or none if it is invalid. */
function signatureIn(value: unknown): Buffer[] {
  const table = tableOf(value, ["sig", "keyid"]);
  const signature = fromBase64(table?.["sig"]);
  const keyid = table?.["keyid"];
  return signature === undefined || (keyid !== undefined && typeof keyid !== "string") ? [] : [signature];
}

function tableOf(value: unknown, keys: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.keys(value).every((key) => keys.includes(key))
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** One text for each value: a second spelling of the same bytes is refused. */
function fromBase64(value: unknown): Buffer | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  const bytes = Buffer.from(value, "base64");
  return bytes.toString("base64") === value ? bytes : undefined;
}
