/**
 * The canonical binary form of an event: what `iso1` hashes and what a contour keeps in memory.
 *
 *   text   operation
 *   32     parent task identity        32  task identity
 *   u32×8  uid euid suid fsuid gid egid sgid fsgid        u64  effective capabilities
 *   then each subject field in the order of the operation table; an optional one is preceded by u8 0 (absent) or 1
 *
 * text = u32 byte length ‖ UTF-8; list = u32 count ‖ texts; digest = 32 bytes; integers little endian. The operation
 * fixes the fields, and every field carries its own length, so the encoding is injective.
 */
import type { Digest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { Actor, Credentials, Event, FieldValue } from "./event.ts";
import { subjectRecord } from "./event.ts";
import { type FieldKind, fieldsOf, isOperation, type Operation } from "./operations.ts";
import { MAX_LIST } from "./soundness.ts";

/** Upper bound of an encoded event: two paths of 4096 bytes with every byte escaped to four, and space for the other fields. */
export const MAX_EVENT_BYTES = 65_536;

const scratch = Buffer.alloc(MAX_EVENT_BYTES);
let at = 0;

/** Encodes an event; the result is a view of a buffer that the next call overwrites. */
export function encodeEvent(event: Event): Buffer {
  at = 0;
  putText(event.op);
  putActor(event.actor);
  const subject = subjectRecord(event);
  for (const [name, field] of fieldsOf(event.op)) {
    const value = subject[name];
    if (field.optional) putFlag(value !== undefined);
    else if (value === undefined) throw tooOdd(event.op, `field ${name} is missing`);
    if (value !== undefined) put(field.kind, value);
  }
  return scratch.subarray(0, at);
}

/** Two task identities, eight ids, capabilities. */
const ACTOR_BYTES = 32 + 32 + 8 * 4 + 8;

/** Events come in runs of one actor, so the last encoded or decoded actor and its bytes are cached. */
let lastActor: Actor | undefined;
const lastBytes = Buffer.alloc(ACTOR_BYTES);

function putActor(actor: Actor): void {
  const { parent, task, credentials } = actor;
  makeRoom(ACTOR_BYTES);
  if (lastActor?.credentials === credentials && lastActor.task === task && lastActor.parent === parent) {
    at += lastBytes.copy(scratch, at);
    return;
  }
  const start = at;
  putDigest(parent);
  putDigest(task);
  const { uid, euid, suid, fsuid, gid, egid, sgid, fsgid, capabilities } = credentials;
  putU32(uid);
  putU32(euid);
  putU32(suid);
  putU32(fsuid);
  putU32(gid);
  putU32(egid);
  putU32(sgid);
  putU32(fsgid);
  putU64(capabilities);
  scratch.copy(lastBytes, 0, start, at);
  lastActor = actor;
}

function put(kind: FieldKind, value: Exclude<FieldValue, undefined>): void {
  switch (kind) {
    case "path":
    case "text":
      return putText(value as string);
    case "list": {
      const texts = value as readonly string[];
      putU32(texts.length);
      return texts.forEach(putText);
    }
    case "u32":
    case "octal":
    case "id":
      return putU32(value as number);
    case "u64":
      return putU64(value as bigint);
    case "digest":
      return putDigest(value as Digest);
  }
}

/** Every write is preceded by this: one past the end of the buffer would be ignored, or be an error of the platform. */
function makeRoom(bytes: number): void {
  if (at + bytes > MAX_EVENT_BYTES) throw tooOdd("an event", "it is longer than 64 KiB");
}

function putText(text: string): void {
  if (at + 4 + text.length * 3 > MAX_EVENT_BYTES) makeRoom(4 + Buffer.byteLength(text));
  const length = scratch.write(text, at + 4, "utf8");
  scratch.writeUInt32LE(length, at);
  at += 4 + length;
}

function putFlag(isPresent: boolean): void {
  makeRoom(1);
  scratch[at++] = isPresent ? 1 : 0;
}

function putDigest(digest: Digest): void {
  makeRoom(32);
  // Anything shorter would leave bytes of an earlier event in the buffer.
  if (scratch.write(digest, at, 32, "hex") !== 32)
    throw tooOdd("an event", `${JSON.stringify(digest)} is not a digest`);
  at += 32;
}

function putU32(value: number): void {
  makeRoom(4);
  at = scratch.writeUInt32LE(value, at);
}

function putU64(value: bigint): void {
  makeRoom(8);
  at = scratch.writeBigUInt64LE(value, at);
}

/** The byte range of the actor in an encoding. */
export function actorSpan(encoding: Buffer): readonly [from: number, to: number] {
  const from = 4 + encoding.readUInt32LE(0);
  return [from, from + ACTOR_BYTES];
}

/** Decodes the output of `encodeEvent`. Refuses anything else, trailing bytes included. */
export function decodeEvent(bytes: Buffer): Event {
  const reader = new Reader(bytes);
  const op = reader.operation();
  return decodeSubject(op, reader.actor(), reader);
}

/** Decodes the output of `encodeEvent` for an event of this actor, without the bytes of `actorSpan`. */
export function recallEvent(rest: Buffer, actor: Actor): Event {
  const reader = new Reader(rest);
  return decodeSubject(reader.operation(), actor, reader);
}

function decodeSubject(op: Operation, actor: Actor, reader: Reader): Event {
  const subject: Record<string, FieldValue> = {};
  for (const [name, field] of fieldsOf(op)) {
    if (field.optional && !reader.flag()) continue;
    subject[name] = reader.value(field.kind);
  }
  reader.end();
  return { op, actor, subject } as unknown as Event;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  operation(): Operation {
    const op = this.text();
    if (!isOperation(op)) throw tooOdd(JSON.stringify(op.slice(0, 40)), "it is not an operation of this version");
    return op;
  }

  value(kind: FieldKind): FieldValue {
    switch (kind) {
      case "path":
      case "text":
        return this.text();
      case "list": {
        const count = this.u32();
        if (count > MAX_LIST) throw tooOdd("a list", `${count} entries, at most ${MAX_LIST} are allowed`);
        return Array.from({ length: count }, () => this.text());
      }
      case "u32":
      case "octal":
      case "id":
        return this.u32();
      case "u64":
        return this.u64();
      case "digest":
        return this.digest();
    }
  }

  actor(): Actor {
    const start = this.#at;
    if (lastActor && lastBytes.compare(this.#bytes, start, Math.min(start + ACTOR_BYTES, this.#bytes.length)) === 0) {
      this.#pass(ACTOR_BYTES);
      return lastActor;
    }
    const parent = this.digest();
    const task = this.digest();
    const credentials: Credentials = {
      uid: this.u32(),
      euid: this.u32(),
      suid: this.u32(),
      fsuid: this.u32(),
      gid: this.u32(),
      egid: this.u32(),
      sgid: this.u32(),
      fsgid: this.u32(),
      capabilities: this.u64(),
    };
    this.#bytes.copy(lastBytes, 0, start, this.#at);
    lastActor = { task, parent, credentials };
    return lastActor;
  }

  text(): string {
    const start = this.#pass(this.u32());
    const text = this.#bytes.toString("utf8", start, this.#at);
    // Invalid UTF-8 would be decoded to U+FFFD and encoded differently: two encodings of one event.
    if (text.includes("\ufffd") && !this.#bytes.subarray(start, this.#at).equals(Buffer.from(text, "utf8")))
      throw tooOdd("an event", "a text is not UTF-8");
    return text;
  }

  digest(): Digest {
    const start = this.#pass(32);
    return this.#bytes.toString("hex", start, this.#at) as Digest;
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#pass(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#pass(8));
  }

  flag(): boolean {
    const value = this.#bytes[this.#pass(1)];
    if (value !== 0 && value !== 1) throw tooOdd("an event", `presence byte ${value}, expected 0 or 1`);
    return value === 1;
  }

  end(): void {
    if (this.#at !== this.#bytes.length)
      throw tooOdd("an event", `${this.#bytes.length - this.#at} bytes after its end`);
  }

  /** Advances by a number of bytes, which must exist, and returns where they begin. */
  #pass(length: number): number {
    if (length > this.#bytes.length - this.#at) throw tooOdd("an event", `it ends ${length} bytes too early`);
    const start = this.#at;
    this.#at += length;
    return start;
  }
}

function tooOdd(what: string, why: string): IsolineError {
  return new IsolineError("bad-event", `cannot encode or decode ${what}: ${why}`);
}
