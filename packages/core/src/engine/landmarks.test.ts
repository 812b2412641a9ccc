import { expect, test } from "vitest";
import { ZERO_DIGEST } from "../digest.ts";
import { encodeEvent } from "../event/encoding.ts";
import type { Event, FieldValue } from "../event/event.ts";
import { type FieldKind, fieldsOf, type Operation, operationNames } from "../event/operations.ts";
import { directoryHash, type Landmarks, readLandmarks } from "./landmarks.ts";

const values = (text: string): Record<FieldKind, FieldValue> => ({
  path: text,
  text,
  list: [text],
  u32: text.length,
  octal: text.length,
  id: text.length,
  u64: BigInt(text.length),
  digest: ZERO_DIGEST,
});

/** The landmarks of an event whose fields are all `text`, apart from the ones given. */
function landmarks(op: Operation, text: string, but: Record<string, FieldValue> = {}): Landmarks {
  const subject = Object.fromEntries(fieldsOf(op).map(([name, field]) => [name, values(text)[field.kind]]));
  const ids = { uid: 1, euid: 1, suid: 1, fsuid: 1, gid: 1, egid: 1, sgid: 1, fsgid: 1 };
  const actor = { task: ZERO_DIGEST, parent: ZERO_DIGEST, credentials: { ...ids, capabilities: 0n } };
  const marks: Landmarks = { act: 0, place: 0, directory: 0, task: 0 };
  readLandmarks(encodeEvent({ op, actor, subject: { ...subject, ...but } } as unknown as Event), marks);
  return marks;
}

const placed = operationNames.flatMap((op) => {
  const name = fieldsOf(op).find(([field]) => field === "path" || field === "address")?.[0];
  return name === undefined ? [] : [[op, name] as const];
});

test.each(placed)("the place of %s is its %s and nothing else", (op, field) => {
  const one = landmarks(op, "x", { [field]: "/dir/name" });
  const other = landmarks(op, "another", { [field]: "/dir/name" });
  const elsewhere = landmarks(op, "x", { [field]: "/dir/other" });
  expect(other).toEqual(one);
  expect(elsewhere.place).not.toBe(one.place);
  expect(elsewhere.directory).toBe(one.directory);
  expect(one.directory).toBe(directoryHash(one.act, "/dir"));
});

test("the place of every other operation is its whole subject", () => {
  const rest = operationNames.filter((op) => !placed.some(([other]) => other === op) && fieldsOf(op).length > 0);
  expect(rest).not.toEqual([]);
  for (const op of rest) expect(landmarks(op, "one").place).not.toBe(landmarks(op, "other").place);
});
