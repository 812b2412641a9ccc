import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryEvent } from "../../../../test/arbitrary/event.ts";
import { accepts } from "../../../../test/arbitrary/schema.ts";
import type { Event } from "./event.ts";
import { eventFromJson, eventToJson } from "./json.ts";
import { eventSchema } from "./schema.ts";

const schema = eventSchema();
const refused = expect.objectContaining({ name: "IsolineError", code: "bad-event" });
const event = { op: "setid", actor: actor(), subject: { call: "setresuid", ids: ["0", "user"] } } as unknown as Event;

function actor() {
  const credentials = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0x3fn };
  return { task: "0a".repeat(32), parent: "00".repeat(32), credentials };
}

test("an event is the same after its JSON, which the schema accepts", () => {
  fc.assert(
    fc.property(arbitraryEvent(), (given) => {
      const json: unknown = JSON.parse(JSON.stringify(eventToJson(given)));
      expect(eventFromJson(json)).toEqual(given);
      expect(accepts(schema, json)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

describe("what eventToJson would not write is refused", () => {
  type Draft = {
    op: unknown;
    actor: { [name: string]: unknown; credentials: Record<string, unknown> };
    subject: Record<string, unknown>;
  };
  const changes: readonly [string, (draft: Draft) => unknown][] = [
    ["an unknown operation", (draft) => ({ ...draft, op: "setids" })],
    ["the name of a method", (draft) => ({ ...draft, op: "toString" })],
    ["a member too many", (draft) => ({ ...draft, more: 1 })],
    ["no actor", ({ op, subject }) => ({ op, subject })],
    ["a subject that is a list", (draft) => ({ ...draft, subject: [] })],
    ["a field too many", (draft) => ({ ...draft, subject: { ...draft.subject, path: "/" } })],
    ["a field too few", (draft) => ({ ...draft, subject: { call: "x" } })],
    ["null for absent", (draft) => ({ ...draft, subject: { ...draft.subject, ids: null } })],
    ["an empty entry in a list", (draft) => ({ ...draft, subject: { ...draft.subject, ids: [""] } })],
    ["1025 entries", (draft) => ({ ...draft, subject: { ...draft.subject, ids: Array(1025).fill("0") } })],
    ["a number for text", (draft) => ({ ...draft, subject: { ...draft.subject, call: 1 } })],
    ["text with a space", (draft) => ({ ...draft, subject: { ...draft.subject, call: "a b" } })],
    ["a short digest", (draft) => ({ ...draft, actor: { ...draft.actor, task: "0a" } })],
    ["a digest in capitals", (draft) => ({ ...draft, actor: { ...draft.actor, task: "0A".repeat(32) } })],
    ["a negative id", (draft) => withCredential(draft, "uid", -1)],
    ["an id of 33 bits", (draft) => withCredential(draft, "fsgid", 2 ** 32)],
    ["a broken id", (draft) => withCredential(draft, "gid", 0.5)],
    ["an id as text", (draft) => withCredential(draft, "gid", "0")],
    ["capabilities as a number", (draft) => withCredential(draft, "capabilities", 63)],
    ["capabilities with leading zeros", (draft) => withCredential(draft, "capabilities", "0x03f")],
    ["capabilities of 65 bits", (draft) => withCredential(draft, "capabilities", `0x1${"0".repeat(16)}`)],
    ["an unknown credential", (draft) => withCredential(draft, "securebits", 0)],
  ];

  function withCredential(draft: Draft, name: string, value: unknown) {
    return { ...draft, actor: { ...draft.actor, credentials: { ...draft.actor.credentials, [name]: value } } };
  }

  test.each(changes)("%s", (_what, change) => {
    const json = change(JSON.parse(JSON.stringify(eventToJson(event))) as Draft);
    expect(() => eventFromJson(json)).toThrow(refused);
    expect(accepts(schema, json)).toBe(false);
  });

  test.each([null, 1, "x", [], {}])("%j", (json) => {
    expect(() => eventFromJson(json)).toThrow(refused);
    expect(accepts(schema, json)).toBe(false);
  });

  test("text in a spelling that only the escaping rule excludes", () => {
    for (const call of ["\\", "\\x41", "\u202e", "\ud800"]) {
      expect(() => eventFromJson({ ...eventToJson(event), subject: { call, ids: [] } })).toThrow(refused);
    }
  });
});
