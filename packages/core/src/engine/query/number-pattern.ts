/** `22`, `1..1023`, or a text: ports may be words of the lens, such as `$ephemeral`. */
import { type TextTest, textPattern } from "./text-pattern.ts";

const RANGE = /^(\d{1,10})\.\.(\d{1,10})$/;
/** Ports that the kernel chose, or that the namespace or another process listens at: which numbers they are is not known. */
const UNKNOWN = /^\$/;

/** A test for a number in decimal or octal digits. What stands for a number that is not known lies within every range. */
export function numberPattern(pattern: string): TextTest | { readonly problem: string } {
  const [, from, to] = RANGE.exec(pattern) ?? [];
  if (from === undefined || to === undefined) {
    if (pattern.includes("..")) return { problem: "a range like 1..1023" };
    const test = textPattern(pattern);
    if (typeof test !== "function" || !/^\d+$/.test(pattern)) return test;
    return (text) => test(text) || UNKNOWN.test(text);
  }
  const [low, high] = [Number(from), Number(to)];
  if (low > high) return { problem: "a range that begins with the smaller number" };
  return (text) => UNKNOWN.test(text) || (/^\d+$/.test(text) && Number(text) >= low && Number(text) <= high);
}
