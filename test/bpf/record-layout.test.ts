import { describe, expect, test } from "vitest";
import { findObject } from "../../packages/linux/src/sensor/bpf/object-file.ts";
import {
  called,
  fates,
  kinds,
  layout,
  operations,
  outlooks,
  PENDING,
  Record,
  sizes,
  standings,
} from "../../packages/linux/src/sensor/bpf/record.ts";
import {
  counterNames,
  decided,
  held,
  invitation,
  defaultAction,
  member,
  modes,
  namespaceState,
  versionsOf,
} from "../../packages/linux/src/sensor/bpf/structures.ts";
import { typesOf } from "./object-types.ts";

const attachments = ["lsm", "fmod_ret", "tracepoints"] as const;

/** `wentOn` of `FATE_` is `FATE_WENT_ON`. */
const enumerator = (prefix: string, name: string) => `${prefix}${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`;

describe.each(attachments)("the object for %s", (attachment) => {
  const path = findObject(attachment);

  test.skipIf(path === undefined).each(Object.keys(sizes) as (keyof typeof sizes)[])(
    "has %s laid out as it is decoded (skipped: the BPF programs are not compiled)",
    (name) => {
      const found = typesOf(path as string).structures.get(name);
      expect(found?.size).toBe(sizes[name]);
      expect(found?.members).toMatchObject(layout[name]);
    },
  );

  test.skipIf(path === undefined)(
    "has the values of maps laid out as they are written (skipped: the BPF programs are not compiled)",
    () => {
      const { structures } = typesOf(path as string);
      expect(structures.get("member")?.members).toMatchObject(member);
      const kept = { namespace_state: namespaceState, default_action: defaultAction, decided, held, invitation };
      for (const [name, { bytes, ...members }] of Object.entries(kept)) {
        expect(structures.get(name)?.size).toBe(bytes);
        expect(structures.get(name)?.members).toMatchObject(members);
      }
      const counters = Object.fromEntries(counterNames.map((name, place) => [name, 8 * place]));
      expect(structures.get("counters")).toMatchObject({ size: 8 * counterNames.length, members: counters });
    },
  );

  test.skipIf(path === undefined).each([
    ["CALLED_", called],
    ["MODE_", modes],
    ["VERSIONS_", versionsOf],
    ["KIND_", kinds],
    ["FATE_", fates],
    ["OP_", operations],
    ["STANDING_", standings],
    ["OUTLOOK_", outlooks],
  ] as const)("gives %s the same meaning (skipped: the BPF programs are not compiled)", (prefix, ours) => {
    const { enumerators } = typesOf(path as string);
    for (const [name, value] of Object.entries(ours)) expect(enumerators.get(enumerator(prefix, name))).toBe(value);
  });
});

/** A record of one object with a path, as the BPF programs fill it. */
function openOf(path: string): Buffer {
  const bytes = Buffer.alloc(sizes.record + ((path.length + 7) & ~7));
  const act = layout.record.act;
  bytes.writeUInt32LE(bytes.length, layout.record.size);
  bytes.writeUInt16LE(kinds.event, layout.record.kind);
  bytes.writeUInt32LE(4711, layout.record.pid);
  bytes.writeUInt32LE(operations.open, act + layout.act.operation);
  bytes.writeUInt32LE(PENDING + 7, act + layout.act.identity);
  bytes.writeUInt32LE(1, act + layout.act.objects);
  bytes.writeUInt32LE(path.length, act + layout.act.text_length);
  bytes.writeUInt32LE(path.length, act + layout.act.object + layout.object.path_length);
  bytes.write(path, sizes.record, "latin1");
  return bytes;
}

describe("a record", () => {
  test("is decoded in place", () => {
    const bytes = Buffer.concat([Buffer.alloc(24, 0xff), openOf("/etc/hostname")]);
    const record = new Record().at({ bytes }, 24, bytes.length - 24);
    expect([record.kind, record.pid, record.operation, record.identity]).toEqual([1, 4711, 2, PENDING + 7]);
    expect(record.object(0).path.toString()).toBe("/etc/hostname");
  });

  test.each([
    ["shorter than any", (bytes: Buffer) => bytes.subarray(0, 100)],
    ["longer than it is", (bytes: Buffer) => (bytes.writeUInt32LE(9000, layout.record.size), bytes)],
    ["with more objects than there can be", (bytes: Buffer) => at(bytes, layout.act.objects, 3)],
    ["with more text than it has", (bytes: Buffer) => at(bytes, layout.act.text_length, 4096)],
    [
      "with a path that is longer than its text",
      (bytes: Buffer) => at(bytes, layout.act.object + layout.object.path_length, 200),
    ],
  ])("is refused if it is %s", (_, damage) => {
    const bytes = damage(openOf("/etc/hostname"));
    expect(() => new Record().at({ bytes }, 0, bytes.length)).toThrow(/not one of this version/);
  });

  test("is refused or decoded, whatever byte is damaged", () => {
    const whole = openOf("/etc/hostname");
    for (let index = 0; index < whole.length; index++) {
      const bytes = Buffer.from(whole);
      bytes[index] = (bytes[index] as number) ^ 0xff;
      expect(["read", "sensor-lost"]).toContain(outcomeOf(bytes));
    }
  });
});

function outcomeOf(bytes: Buffer): unknown {
  try {
    return new Record().at({ bytes }, 0, bytes.length).object(0).path.length <= bytes.length ? "read" : "too much read";
  } catch (fault) {
    return (fault as { code?: string }).code;
  }
}

function at(bytes: Buffer, offset: number, value: number): Buffer {
  bytes.writeUInt32LE(value, layout.record.act + offset);
  return bytes;
}
