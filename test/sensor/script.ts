/**
 * Scripts for `probe.c`: system calls by name, with arguments as the kernel takes them.
 */
import { syscallNumbers } from "../../packages/linux/src/abi/syscalls.ts";

/** Calls that are not mediated but that scripts need (arch/x86/entry/syscalls/syscall_64.tbl). */
const others = {
  read: 0,
  write: 1,
  close: 3,
  mmap_plain: 9,
  dup: 32,
  getpid: 39,
  chdir: 80,
  fchdir: 81,
  shmget: 29,
  shmctl: 31,
  lseek: 8,
  dup2: 33,
  exit: 60,
  wait4: 61,
  getcwd: 79,
  setpgid: 109,
  setsid: 112,
  rt_sigaction: 13,
  exit_group: 231,
  name_to_handle_at: 303,
  memfd_create: 319,
  ftruncate: 77,
  close_range: 436,
  getrandom: 318,
  prctl_plain: 157,
  seccomp: 317,
  landlock_create_ruleset: 444,
} as const;
export const numbers = { ...syscallNumbers, ...others };
export type CallName = keyof typeof numbers;

/** An argument: a number, text (passed by address), bytes (by address), or a word of the probe's own. */
export type Argument = number | bigint | string | Buffer | Word;
export interface Word {
  readonly word: string;
}
export type Script = readonly string[];

const word = (text: string): Word => ({ word: text });
/** Result of the Nth call of the same process. */
export const result = (index: number): Word => word(`$${index}`);
/** An address in the scratch memory, and the int32 that is stored there. */
export const at = (place: number): Word => word(`&${place}`);
export const int = (place: number): Word => word(`%${place}`);
/** A string that ends at the very end of a page, before one that is not mapped; and an unmapped address. */
export const atPageEnd = (text: string): Word => word(`^${text}`);
/**
 * Bytes in memory that the kernel reads for a call, and another process cannot, or not as it reads other memory. They lie in a page
 * that may only be written, in memfd_secret, or at address 0. Or one half lies in a readable page, and one in a write-only page.
 */
export type Memory = "write-only" | "secret" | "zero" | "readable, then write-only" | "write-only, then read-only";
const memories: Readonly<Record<Memory, string>> = {
  "write-only": "w",
  secret: "s",
  zero: "z",
  "readable, then write-only": "r",
  "write-only, then read-only": "b",
};
export const kept = (memory: Memory, bytes: Buffer): Word => word(`@${memories[memory]}${bytes.toString("hex")}`);
export const UNMAPPED: Word = word("!");
export const SELF: Word = word("#pid");
export const PARENT: Word = word("#ppid");
export const GROUP: Word = word("#pgid");
export const THREAD: Word = word("#tid");

export function call(name: CallName, ...args: readonly Argument[]): Script {
  return callNumber(numbers[name], ...args);
}

export function callNumber(number: number, ...args: readonly Argument[]): Script {
  return ["call", String(number), ...args.map(encoded), ";"];
}

/** A call of the 32-bit interface. */
export function interrupt(number: number, ...args: readonly Argument[]): Script {
  return ["int80", String(number), ...args.map(encoded), ";"];
}

/** The first call of a script must succeed, or nothing after it happens. */
export const must = (script: Script): Script => ["must", ...script];
export const put = (place: number, size: number, value: Argument): Script => [
  "put",
  String(place),
  String(size),
  encoded(value),
];
export const poke = (place: number, bytes: Buffer | string): Script => ["poke", String(place), encoded(bytes)];
export const link = (place: number, to: Argument): Script => ["link", String(place), encoded(to)];
export const nap = (ms: number): Script => ["nap", String(ms)];
/** Lets a thread or process that waits for this number go on. A case waits for each number once. */
export const post = (number: number): Script => ["post", String(number)];
export const wait = (number: number): Script => ["wait", String(number)];
export const HOLD: Script = ["hold"];

export const times = (count: number, ...inner: readonly Script[]): Script => [
  "times",
  String(count),
  ...inner.flat(),
  "end",
];
export const inChild = (...inner: readonly Script[]): Script => ["fork", ...inner.flat(), "end"];
export const inVfork = (...inner: readonly Script[]): Script => ["vfork", ...inner.flat(), "end"];
export const spawned = (...inner: readonly Script[]): Script => ["spawn", ...inner.flat(), "end"];
export const left = (...inner: readonly Script[]): Script => ["leave", ...inner.flat(), "end"];
export const inThread = (...inner: readonly Script[]): Script => ["thread", ...inner.flat(), "end"];
/** In a thread that continues after the first one has ended. */
export const inLooseThread = (...inner: readonly Script[]): Script => ["loose", ...inner.flat(), "end"];
export const inClone = (flags: number, ...inner: readonly Script[]): Script => [
  "clone",
  String(flags),
  ...inner.flat(),
  "end",
];

function encoded(value: Argument): string {
  if (typeof value === "string") return `=${value}`;
  if (Buffer.isBuffer(value)) return `x${value.toString("hex")}`;
  return typeof value === "object" ? value.word : String(value);
}

/** Integers of given sizes in a row, little endian, as bytes. */
export function struct(...parts: readonly (readonly [size: 1 | 2 | 4 | 8, value: number | bigint])[]): Buffer {
  return Buffer.concat(
    parts.map(([size, value]) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
      return bytes.subarray(0, size);
    }),
  );
}

/** Executes a program of the same kind, which continues with a script. Its words are in the scratch memory from 16384 on. */
export function execution(path: string, ...inner: readonly Script[]): readonly Script[] {
  const words = [path.slice(path.lastIndexOf("/") + 1), ...inner.flat()];
  const parts: Script[] = [];
  let text = 16_384 + 8 * (words.length + 1);
  words.forEach((each, index) => {
    const bytes = Buffer.from(`${each}\0`, "utf8");
    parts.push(poke(text, bytes), link(16_384 + 8 * index, at(text)));
    text += bytes.length;
  });
  return [...parts, put(16_384 + 8 * words.length, 8, 0), call("execve", path, at(16_384), 0)];
}
