/**
 * Checks that an event is one that this version could have read: the right fields, each of the right kind and range, every text
 * escaped. The types guarantee this for code; the check is for events from a sensor, a log or another untrusted source.
 */
import { isDigest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { isEscaped } from "./escape.ts";
import type { Actor, Credentials, Event, FieldValue } from "./event.ts";
import { subjectRecord } from "./event.ts";
import { type FieldKind, fieldsOf, isOperation } from "./operations.ts";

/** The ids of a thread in the order that every encoding uses. */
export const credentialIds = [
  "uid",
  "euid",
  "suid",
  "fsuid",
  "gid",
  "egid",
  "sgid",
  "fsgid",
] as const satisfies readonly (keyof Credentials)[];

/** Longest list: an overlay has at most 500 layers (fs/overlayfs/params.h). A setgroups of more ids is no event, but a loss. */
export const MAX_LIST = 1024;

/** Refuses an event that could not be encoded, written as a line and read back unchanged. */
export function assertEvent(event: Event): void {
  if (!isOperation(event.op)) throw unsound(`no operation is called ${quote(event.op)}`);
  if (event.actor !== lastSound) assertActor(event.actor);
  assertSubject(event);
}

/** Events come in runs of one actor, which is looked at once. */
let lastSound: Actor | undefined;

function assertActor(actor: Actor): void {
  const { task, parent, credentials } = actor;
  if (!isDigest(task)) throw unsound(`actor.task: ${expectation("digest")}, got ${quote(task)}`);
  if (!isDigest(parent)) throw unsound(`actor.parent: ${expectation("digest")}, got ${quote(parent)}`);
  for (const id of credentialIds) {
    if (!isU32(credentials[id]))
      throw unsound(`credentials.${id}: ${expectation("id")}, got ${quote(credentials[id])}`);
  }
  if (!isU64(credentials.capabilities)) {
    throw unsound(`credentials.capabilities: ${expectation("u64")}, got ${quote(credentials.capabilities)}`);
  }
  lastSound = actor;
}

function assertSubject(event: Event): void {
  const subject = subjectRecord(event);
  let present = 0;
  for (const [name, field] of fieldsOf(event.op)) {
    const value = subject[name];
    if (value === undefined) {
      if (!field.optional) throw unsound(`${event.op} needs the field ${name}`);
      continue;
    }
    present += 1;
    if (!isSound(field.kind, value))
      throw unsound(`${event.op}.${name}: ${expectation(field.kind)}, got ${quote(value)}`);
  }
  for (const name in subject) {
    if (subject[name] !== undefined) present -= 1;
  }
  if (present !== 0) throw unsound(`${event.op} has no such fields: ${unknownFields(event).join(", ")}`);
}

/** Names in a subject that its operation does not have. */
function unknownFields(event: Event): string[] {
  const known = new Set(fieldsOf(event.op).map(([name]) => name));
  return Object.keys(event.subject)
    .filter((name) => !known.has(name))
    .map((name) => quote(name));
}

/** Whether a value is one of its kind. */
function isSound(kind: FieldKind, value: FieldValue): boolean {
  switch (kind) {
    case "path":
    case "text":
      return typeof value === "string" && isEscaped(value);
    case "list":
      return Array.isArray(value) && value.length <= MAX_LIST && value.every(isListEntry);
    case "u32":
    case "octal":
    case "id":
      return isU32(value);
    case "u64":
      return isU64(value);
    case "digest":
      return typeof value === "string" && isDigest(value);
  }
}

/** A description of the values of a kind, for an error message. */
function expectation(kind: FieldKind): string {
  switch (kind) {
    case "path":
    case "text":
      return "expected text escaped as docs/spec/iso1.md says";
    case "list":
      return `expected at most ${MAX_LIST} escaped, non-empty texts`;
    case "u32":
    case "octal":
    case "id":
      return "expected an integer from 0 to 4294967295";
    case "u64":
      return "expected an unsigned 64-bit integer";
    case "digest":
      return "expected 64 lower-case hexadecimal digits";
  }
}

/** An empty entry would be written like an empty list. */
function isListEntry(entry: unknown): boolean {
  return typeof entry === "string" && entry !== "" && isEscaped(entry);
}

function isU32(value: unknown): boolean {
  if (typeof value !== "number" || !Number.isInteger(value) || Object.is(value, -0)) return false;
  return value >= 0 && value <= 0xffff_ffff;
}

function isU64(value: unknown): boolean {
  return typeof value === "bigint" && value >= 0n && value <= 0xffff_ffff_ffff_ffffn;
}

/** A short description of the value that came. An object may be nested deeper than a recursive printer could handle. */
export function quote(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return JSON.stringify(typeof value === "bigint" ? `${value}` : value)?.slice(0, 60) ?? String(value);
}

function unsound(why: string): IsolineError {
  return new IsolineError("bad-event", `not an event: ${why}`);
}
