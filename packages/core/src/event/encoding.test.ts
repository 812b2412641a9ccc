import { describe, expect, it } from "vitest";
import { decodeEvent, encodeEvent } from "./encoding.ts";
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
