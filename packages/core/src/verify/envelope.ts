/**
 * Signatures around a payload: DSSE v1 (secure-systems-lab/dsse, protocol.md and envelope.md).
 *
 *   {"payloadType": TEXT, "payload": BASE64, "signatures": [{"keyid"?: TEXT, "sig": BASE64}]}
 *
 * What is signed is "DSSEv1", type and payload, with their lengths in bytes between them. `keyid` is a hint that is not signed, so
 * it decides nothing here.
 */
import { concatenated, fromBase64 } from "./bytes.ts";

export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly signatures: readonly Uint8Array<ArrayBuffer>[];
}

const MOST_SIGNATURES = 16;

/** Undefined for anything but an envelope of exactly this form: it may contain nothing that is not read. */
export function parseEnvelope(bytes: Uint8Array): Envelope | undefined {
  const table = tableOf(parsed(bytes), ["payloadType", "payload", "signatures"]);
  if (typeof table?.["payloadType"] !== "string" || !Array.isArray(table["signatures"])) return undefined;
  const payload = fromBase64(table["payload"]);
  const signatures = table["signatures"].slice(0, MOST_SIGNATURES + 1).flatMap(signatureIn);
  const isWhole = signatures.length === table["signatures"].length && signatures.length <= MOST_SIGNATURES;
  if (payload === undefined || signatures.length === 0 || !isWhole) return undefined;
  return { payloadType: table["payloadType"], payload, signatures };
}

/** The bytes that are signed: PAE of the protocol. */
export function preAuthenticated(type: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const { length } = encoder.encode(type);
  return concatenated(encoder.encode(`DSSEv1 ${length} ${type} ${payload.length} `), payload);
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** The bytes of a base64 text, or none if it is invalid. */
function signatureIn(value: unknown): Uint8Array<ArrayBuffer>[] {
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
