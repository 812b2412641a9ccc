import { describe, expect, it } from "vitest";
import type { Actor } from "./event.ts";
import { formatAct, parseAct } from "./text.ts";

const actor = {} as Actor;

describe("the line of an act", () => {
  const line = (uid: string) => `unlink path=/x mode=00 uid=${uid} gid=0 fs=disk`;

  it.each(["0", "4294967293", "4294967295", "user"])("with the owner %s is read, and written the same way", (uid) => {
    expect(formatAct(parseAct(line(uid), actor))).toBe(line(uid));
  });

  it("is refused with the number that stands for the user who started the namespace: that has a word", () => {
    expect(() => parseAct(line("4294967294"), actor)).toThrow(/expected "user", got 4294967294/);
  });
});
