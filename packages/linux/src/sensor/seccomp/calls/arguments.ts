/**
 * The arguments that a program will get, read from the memory of the task that executes it: the words that `#!` lines put in
 * front, then those of the call.
 */
import { createHash } from "node:crypto";
import type { Digest } from "@isoline/core/digest";
import type { Word, Words } from "@isoline/core/identity";
import { UNREADABLE } from "@isoline/core/identity";
import { EFAULT, ENAMETOOLONG } from "../../../abi/errno.ts";
import type { TaskMemory } from "../listener/memory.ts";
import { ExpectedWords, MOST_BYTES } from "../tasks/expected-words.ts";

/** MAX_ARG_STRLEN (linux/binfmts.h), with the NUL: the kernel accepts no longer word. */
const MAX_WORD = 131_072;
const PIECE = 4096;
const POINTER = 8;
/** Number of pointers that are read at once. */
const POINTERS = 16;

export class TaskWords implements Words {
  readonly #memory: TaskMemory;
  readonly #tid: number;
  readonly #argv: bigint;
  readonly #inFront: readonly Buffer[];
  readonly #pointers: bigint[] = [];
  readonly #words: (Word | undefined)[] = [];
  #bytes = 0;
  #error = 0;

  /** `argv`: the address of the pointers. `inFront`: the words that replace the first word, if any. */
  constructor(memory: TaskMemory, tid: number, argv: bigint, inFront: readonly Buffer[]) {
    this.#memory = memory;
    this.#tid = tid;
    this.#argv = argv;
    this.#inFront = inFront;
  }

  /** A negative errno if a word that was needed could not be read. */
  get error(): number {
    return this.#error;
  }

  at(index: number): Word | typeof UNREADABLE | undefined {
    while (this.#words.length <= index) {
      if (this.#error !== 0) return UNREADABLE;
      if (this.#words.length > 0 && this.#words.at(-1) === undefined) return undefined;
      const word = this.#wordAt(this.#words.length);
      if (this.#error !== 0) return UNREADABLE;
      this.#words.push(word === undefined ? undefined : { bytes: word, isCut: false });
    }
    return this.#words[index];
  }

  /** SHA-256 of a word from one of its bytes on. */
  digestOf(index: number, from: number): Digest | undefined {
    const word = this.at(index);
    if (word === UNREADABLE || word === undefined) return undefined;
    return createHash("sha256").update(word.bytes.subarray(from)).digest("hex") as Digest;
  }

  /** The words that were read. */
  expected(): ExpectedWords {
    const words: Buffer[] = [];
    for (const word of this.#words) if (word !== undefined) words.push(word.bytes);
    return new ExpectedWords(words, this.#words.length > words.length);
  }

  #wordAt(index: number): Buffer | undefined {
    const front = this.#inFront[index];
    const word = front ?? this.#given(this.#inFront.length === 0 ? index : index - this.#inFront.length + 1);
    this.#bytes += (word?.length ?? 0) + 1;
    if (this.#bytes > MOST_BYTES) this.#error = -ENAMETOOLONG;
    return word;
  }

  /** A word of the call. If there is none, the kernel adds an empty one (fs/exec.c, do_execveat_common). */
  #given(index: number): Buffer | undefined {
    const address = this.#pointerAt(index);
    if (address === undefined) return undefined;
    if (address === 0n) return index === 0 ? Buffer.alloc(0) : undefined;
    return this.#string(address);
  }

  #pointerAt(index: number): bigint | undefined {
    if (this.#argv === 0n) return 0n;
    while (this.#pointers.length <= index) {
      const at = this.#argv + BigInt(POINTER * this.#pointers.length);
      const got = this.#memory.read(this.#tid, at, POINTER * POINTERS);
      const count = Math.floor(got / POINTER);
      if (count < 1) return this.#fail(got);
      for (let each = 0; each < count; each++) this.#pointers.push(this.#memory.bytes.readBigUInt64LE(POINTER * each));
    }
    return this.#pointers[index];
  }

  #string(address: bigint): Buffer | undefined {
    const length = this.#memory.string(this.#tid, address);
    if (length >= 0) return Buffer.from(this.#memory.bytes.subarray(0, length));
    return length === -ENAMETOOLONG ? this.#longString(address) : this.#fail(length);
  }

  #longString(address: bigint): Buffer | undefined {
    const pieces: Buffer[] = [];
    for (let at = 0; at < MAX_WORD; at += PIECE) {
      const got = this.#memory.read(this.#tid, address + BigInt(at), PIECE);
      if (got <= 0) return this.#fail(got);
      const end = this.#memory.bytes.subarray(0, got).indexOf(0);
      pieces.push(Buffer.from(this.#memory.bytes.subarray(0, end < 0 ? got : end)));
      if (end >= 0) return Buffer.concat(pieces);
      if (got < PIECE) return this.#fail(-EFAULT);
    }
    return this.#fail(-ENAMETOOLONG);
  }

  #fail(error: number): undefined {
    this.#error = error < 0 ? error : -EFAULT;
  }
}
