/** Copies of arguments, out of the memory of this very process. */
import { describe, expect, it } from "vitest";
import { addressOf } from "../../../abi/libc.ts";
import { TaskMemory } from "../listener/memory.ts";
import { flagArgument } from "./flag-arguments.ts";

const SETFLAGS = 0x4008_6602;
const POLICY = 0x800c_6613;
const VERITY = 0x4080_6685;
const NOWHERE = 8n;
const copied = (request: number, argument: Buffer) => {
  const copy = flagArgument(new TaskMemory(), process.pid, request, addressOf(argument));
  if (typeof copy === "number") throw new Error(`errno ${-copy}`);
  return copy;
};
/** `struct fsverity_enable_arg`: pointers and lengths of a salt and a signature. */
const verity = (salt: Buffer, signature: Buffer) => {
  const argument = Buffer.alloc(128);
  argument.writeUInt32LE(1, 0);
  argument.writeUInt32LE(salt.length, 12);
  argument.writeBigUInt64LE(addressOf(salt), 16);
  argument.writeUInt32LE(signature.length, 24);
  argument.writeBigUInt64LE(addressOf(signature), 32);
  return argument;
};

describe("the argument of a request about flags", () => {
  it.each([
    ["the flags", SETFLAGS, 8],
    ["an encryption policy of the first version", POLICY, 24],
  ])("is copied as far as a kernel may read it: %s", (_what, request, size) => {
    const argument = Buffer.alloc(64);
    argument.write("\0\x01\x04\0ABCDEFGHIJKLMNOPQRST", "latin1");
    expect(copied(request, argument).word).toEqual(argument.subarray(0, size));
  });

  it("has its pointers replaced by pointers to copies", () => {
    const [salt, signature] = [Buffer.from("salt of the task"), Buffer.alloc(9000, "s")];
    const { word, keep } = copied(VERITY, verity(salt, signature));
    expect(keep).toEqual([salt, signature]);
    const [first, second] = keep as [Buffer, Buffer];
    const bytes = word as Buffer;
    expect([bytes.readBigUInt64LE(16), bytes.readBigUInt64LE(32)]).toEqual([addressOf(first), addressOf(second)]);
    expect(addressOf(first)).not.toBe(addressOf(salt));
  });

  it("points nowhere where there is nothing, where nothing can be read, and where the kernel takes less", () => {
    const argument = verity(Buffer.alloc(33), Buffer.alloc(16_129));
    const tooLong = copied(VERITY, argument);
    argument.writeUInt32LE(0, 12);
    argument.writeUInt32LE(16, 24);
    argument.writeBigUInt64LE(NOWHERE, 32);
    const unreadable = copied(VERITY, argument);
    for (const { word, keep } of [tooLong, unreadable]) {
      expect(keep).toEqual([]);
      expect([16, 32].map((at) => (word as Buffer).readBigUInt64LE(at))).toEqual([NOWHERE, NOWHERE]);
    }
  });

  it.each([SETFLAGS, POLICY, VERITY])("that cannot be read is an address that cannot be read (%i)", (request) => {
    expect(flagArgument(new TaskMemory(), process.pid, request, NOWHERE)).toEqual({ word: Number(NOWHERE), keep: [] });
  });
});
