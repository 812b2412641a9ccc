import { describe, expect, it } from "vitest";
import { terminated } from "../../../abi/bytes.ts";
import { EBADF, ENOENT } from "../../../abi/errno.ts";
import { addressOf } from "../../../abi/libc.ts";
import { AT_EMPTY_PATH } from "../../../abi/stat.ts";
import { type Syscall, syscallNumbers } from "../../../abi/syscalls.ts";
import { FirstError } from "./first-error.ts";
import type { Listener } from "./notification.ts";

/** A call of this process whose path is another at each look, as another thread can make it. */
function flipping(name: Syscall, paths: readonly string[], words: readonly number[]) {
  const texts = paths.map(terminated);
  let looks = 0;
  const pointer = (index: number) =>
    index === 1 ? BigInt(addressOf(texts[Math.min(looks++, texts.length - 1)] as Buffer)) : BigInt(words[index] ?? 0);
  const call = {
    number: syscallNumbers[name],
    tid: process.pid,
    pointer,
    int: (index: number) => Number(BigInt.asIntN(32, BigInt(words[index] ?? 0))),
    u32: (index: number) => words[index] ?? 0,
    isNull: (index: number) => index !== 1 && words[index] === 0,
  };
  return call as unknown as Listener["call"];
}

const changes = [
  ["fchmodat2", [0, 0, 0, AT_EMPTY_PATH]],
  ["fchownat", [0, 0, 0, 0, AT_EMPTY_PATH]],
] as const;

describe("the error that comes first, where another thread changes the path", () => {
  it.each(changes)("%s has no effect on the directory that stands in", (name, words) => {
    const errors = new FirstError();
    const of = (...paths: string[]) => errors.of(flipping(name, paths, words), ENOENT, (call) => call());
    expect({
      toNothing: of("nothing-here", ""),
      fromNothing: of("", "nothing-here"),
      slash: of("nothing-here/", ""),
      stays: of("nothing-here"),
    }).toEqual({ toNothing: ENOENT, fromNothing: ENOENT, slash: ENOENT, stays: ENOENT });
  });

  it("of one without a path it is still that of the descriptor", () => {
    const call = flipping("fchmodat2", [""], [0, 0, 0, AT_EMPTY_PATH]);
    expect(new FirstError().of(call, EBADF, (make) => make())).toBe(EBADF);
  });
});
