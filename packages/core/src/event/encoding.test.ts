import { describe, expect, it } from "vitest";
import { decodeEvent, encodeEvent, MAX_EVENT_BYTES } from "./encoding.ts";
import type { Actor, Event } from "./event.ts";

const credentials = { uid: 1, euid: 2, suid: 3, fsuid: 4, gid: 5, egid: 6, sgid: 7, fsgid: 8, capabilities: 9n };
const one: Actor = { task: "1".repeat(64), parent: "2".repeat(64), credentials } as Actor;
const actors: readonly Actor[] = [
  one,
  { ...one, task: "3".repeat(64) } as Actor,
  { ...one, parent: "4".repeat(64) } as Actor,
  ...Object.keys(credentials).map((key) => ({
    ...one,
    credentials: { ...credentials, [key]: key === "capabilities" ? 77n : 77 },
  })),
];
const by = (actor: Actor): Event => ({ op: "chroot", actor, subject: { path: "/" } }) as unknown as Event;

describe("an event of about 64 KiB", () => {
  const object = { mode: 0o100644, uid: 1, gid: 1, fs: "disk" };
  const kinds: Readonly<Record<string, (path: string) => object>> = {
    chroot: (path) => ({ path }),
    umount: (path) => ({ path, flags: 1 }),
    chmod: (path) => ({ path, ...object, to: 0o644 }),
    open: (path) => ({ access: "read", path, ...object }),
    module: (path) => ({ call: "x", path, digest: "5".repeat(64) }),
    perf: (type) => ({ type }),
    exec: (path) => ({ path, ...object, loader: [] }),
    setid: (call) => ({ call, ids: ["1", "2"] }),
  };
  const of = (op: string, length: number) =>
    ({ op, actor: one, subject: kinds[op]?.("x".repeat(length)) }) as unknown as Event;

  it.each(Object.keys(kinds))("has all its bytes, or is refused: %s", (op) => {
    const beside = encodeEvent(of(op, 0)).length;
    const longest = MAX_EVENT_BYTES - beside;
    expect(decodeEvent(Buffer.from(encodeEvent(of(op, longest))))).toEqual(of(op, longest));
    for (let more = 1; more <= beside; more++)
      expect(() => encodeEvent(of(op, longest + more))).toThrow(
        expect.objectContaining({ code: "bad-event", message: expect.stringContaining("longer than 64 KiB") }),
      );
  });
});

describe("the actor of an event, cached from the event before", () => {
  it("is encoded correctly after any other actor", () => {
    for (const before of actors)
      for (const actor of actors) {
        encodeEvent(by(before));
        const bytes = Buffer.from(encodeEvent(by(actor)));
        encodeEvent(by(one));
        expect(decodeEvent(bytes).actor).toEqual(actor);
      }
  });

  it("is decoded correctly after any other actor", () => {
    const encodings = actors.map((actor) => Buffer.from(encodeEvent(by(actor))));
    for (const before of encodings)
      encodings.forEach((bytes, index) => {
        decodeEvent(before);
        expect(decodeEvent(bytes).actor).toEqual(actors[index]);
      });
  });

  it("is not taken from the cache if the encoding ends too early", () => {
    const bytes = Buffer.from(encodeEvent(by(one)));
    decodeEvent(bytes);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeEvent(bytes.subarray(0, length))).toThrow("cannot encode or decode");
  });
});
