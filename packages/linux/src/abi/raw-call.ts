/**
 * A system call by its number, with six words for arguments.
 *
 * For calls that are made with another task's arguments, whose meaning depends on the number.
 */
import koffi from "koffi";

const libc = koffi.load(null);
const raw = libc.func("syscall", "int64", ["long", "int64", "int64", "int64", "int64", "int64", "int64"]);

/** An integer of 64 bits (signed or not), or bytes, which are passed by their address. */
export type Word = number | bigint | Uint8Array;

/** Makes the call and returns its result or a negative errno. Missing arguments are zeros. */
export function rawCall(number: number, words: readonly Word[]): number {
  const [a, b, c, d, e, f] = words;
  const result = raw(number, toLong(a), toLong(b), toLong(c), toLong(d), toLong(e), toLong(f)) as number | bigint;
  return result < 0 ? -koffi.errno() : Number(result);
}

function toLong(word: Word | undefined): bigint | number {
  if (word === undefined) return 0;
  if (typeof word === "number") return word;
  return BigInt.asIntN(64, typeof word === "bigint" ? word : (koffi.address(word) as bigint));
}
