/**
 * The JSON form of an event: the same names as in code, 64-bit numbers as `0x…` text, absent optional fields left out.
 *
 *   {"op":"chroot","actor":{"task":"…","parent":"…","credentials":{"uid":0,…,"capabilities":"0x0"}},"subject":{"path":"/"}}
 *
 * Its schema is docs/spec/event.schema.json, made by `schema.ts`. Reading is strict: an unknown, missing or ill-typed
 * member is refused, so that no two programs can read one document differently.
 */
import type { Digest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { Credentials, Event, FieldValue } from "./event.ts";
import { subjectRecord } from "./event.ts";
import { type FieldKind, fieldsOf, isOperation } from "./operations.ts";
import { assertEvent, credentialIds, quote } from "./soundness.ts";

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The JSON form of an event, ready for `JSON.stringify`.
 *
 * @example
 * import { eventFromJson, eventToJson } from "@isoline/core";
 *
 * const none = "0".repeat(64);
 * const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0 };
 * const actor = { task: none, parent: none, credentials: { ...ids, capabilities: "0x0" } };
 *
 * const event = eventFromJson({ op: "chroot", actor, subject: { path: "/srv" } });
 * console.log(JSON.stringify(eventToJson(event).subject));
 * // prints: {"path":"/srv"}
 */
export function eventToJson(event: Event): { [name: string]: Json } {
  const { task, parent, credentials } = event.actor;
  const subject: Record<string, Json> = {};
  for (const [name, field] of fieldsOf(event.op)) {
    const value = subjectRecord(event)[name];
    if (value !== undefined) subject[name] = field.kind === "u64" ? toHex(value as bigint) : (value as Json);
  }
  return {
    op: event.op,
    actor: { task, parent, credentials: { ...credentials, capabilities: toHex(credentials.capabilities) } },
    subject,
  };
}

/**
 * Reads the JSON form of an event. Refuses everything that `eventToJson` does not write with `bad-event`.
 *
 * @example
 * import { eventFromJson } from "@isoline/core";
 *
 * const none = "0".repeat(64);
 * const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0 };
 * const actor = { task: none, parent: none, credentials: { ...ids, capabilities: "0x0" } };
 *
 * const event = eventFromJson({ op: "chroot", actor, subject: { path: "/srv" } });
 * console.log(event.op, event.subject.path);
 * // prints: chroot /srv
 */
export function eventFromJson(json: unknown): Event {
  const { op, actor, subject } = members(json, "an event", ["op", "actor", "subject"]);
  if (typeof op !== "string" || !isOperation(op)) throw refusal(`no operation is called ${quote(op)}`);
  const { task, parent, credentials } = members(actor, "actor", ["task", "parent", "credentials"]);
  const event = {
    op,
    actor: { task: task as Digest, parent: parent as Digest, credentials: credentialsFromJson(credentials) },
    subject: subjectFromJson(op, subject),
  } as unknown as Event;
  assertEvent(event);
  return event;
}

function credentialsFromJson(json: unknown): Credentials {
  const members_ = members(json, "credentials", [...credentialIds, "capabilities"]);
  return { ...members_, capabilities: fromHex(members_["capabilities"], "capabilities") } as unknown as Credentials;
}

function subjectFromJson(op: Event["op"], json: unknown): Readonly<Record<string, FieldValue>> {
  const present = members(json, "subject");
  const fields = new Map(fieldsOf(op));
  const subject: Record<string, FieldValue> = {};
  for (const [name, value] of Object.entries(present)) {
    const field = fields.get(name);
    if (!field) throw refusal(`${op} has no field ${quote(name)}`);
    subject[name] = valueFromJson(field.kind, value, name);
  }
  return subject;
}

function valueFromJson(kind: FieldKind, value: unknown, name: string): FieldValue {
  if (value === undefined || value === null) throw refusal(`${name} is ${value}; leave an absent field out`);
  return kind === "u64" ? fromHex(value, name) : (value as FieldValue);
}

/** The members of an object; with `names`, exactly those. */
function members(json: unknown, what: string, names?: readonly string[]): JsonObject {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw refusal(`${what} must be an object, got ${quote(json)}`);
  }
  if (names) {
    for (const name of names) {
      if (!Object.hasOwn(json, name)) throw refusal(`${what} lacks the member ${quote(name)}`);
    }
    const unknown = Object.keys(json).find((name) => !names.includes(name));
    if (unknown !== undefined) throw refusal(`${what} has an unknown member ${quote(unknown)}`);
  }
  return json as JsonObject;
}

function toHex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function fromHex(value: unknown, name: string): bigint {
  if (typeof value !== "string" || !/^0x(0|[1-9a-f][0-9a-f]{0,15})$/.test(value)) {
    throw refusal(`${name} must be 0x and up to 16 hexadecimal digits without leading zeros, got ${quote(value)}`);
  }
  return BigInt(value);
}

function refusal(why: string): IsolineError {
  return new IsolineError("bad-event", `not the JSON form of an event: ${why}`);
}
