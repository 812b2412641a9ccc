/** Documents of an enrolment as JSON: few members, all of them text or lists, bounded before they are read. */
import { AttestError } from "../error.ts";

export type Table = Readonly<Record<string, unknown>>;

const MOST_BYTES = 64 * 1024;
const MOST_BINARY = 8192;
/** RFC 4648, 4, with its padding. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The members of a document that says which kind it is; refuses any other with `bad-enrolment`. */
export function readDocument(bytes: Uint8Array, kind: string, members: readonly string[]): Table {
  if (bytes.length > MOST_BYTES) throw unfit(kind, `expected at most ${MOST_BYTES} bytes, got ${bytes.length}`);
  const { isoline, ...rest } = tableIn(parsed(bytes, kind), kind, ["isoline", ...members]);
  if (isoline !== kind) throw unfit(kind, `expected "isoline": "${kind}", got ${shown(isoline)}`);
  return rest;
}

/** A table, of these members alone where they are given. */
export function tableIn(value: unknown, kind: string, members?: readonly string[]): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unfit(kind, "expected a table");
  const strange = Object.keys(value).find((name) => members?.includes(name) === false);
  if (strange !== undefined) throw unfit(kind, `expected no member ${JSON.stringify(strange.slice(0, 40))}`);
  return value as Table;
}

export function textIn(table: Table, name: string, kind: string, form: RegExp): string {
  const value = table[name];
  if (typeof value !== "string" || !form.test(value)) throw unfit(kind, `"${name}" is missing or malformed`);
  return value;
}

/** Bytes that are written as base64. */
export function bytesIn(
  table: Table,
  name: string,
  kind: string,
  { least = 1, most = MOST_BINARY }: { readonly least?: number; readonly most?: number } = {},
): Uint8Array {
  const text = textIn(table, name, kind, BASE64);
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  if (bytes.length < least || bytes.length > most)
    throw unfit(kind, `expected ${least} to ${most} bytes in "${name}", got ${bytes.length}`);
  return bytes;
}

/** Which kind of document these bytes say that they are; undefined where they say none. */
export function kindOf(bytes: Uint8Array): string | undefined {
  if (bytes.length > MOST_BYTES) return undefined;
  const { isoline } = tableIn(parsed(bytes, "enrolment document"), "enrolment document");
  return typeof isoline === "string" ? isoline : undefined;
}

/** A list in a list in a list, as deep as a document is long, is not written out. */
const shown = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : value === undefined ? "nothing" : "no text";

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

export function writeDocument(kind: string, members: Table): string {
  return `${JSON.stringify({ isoline: kind, ...members }, null, 2)}\n`;
}

export function unfit(kind: string, why: string): AttestError {
  const command = kind.includes("by report") ? "isoline fleet join --tee" : "isoline attest enrol";
  return new AttestError("bad-enrolment", `not an ${kind}: ${why}; make it anew with ${command}`);
}

function parsed(bytes: Uint8Array, kind: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw unfit(kind, "it is not JSON");
  }
}
