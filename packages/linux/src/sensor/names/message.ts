/**
 * Messages of the domain name system (RFC 1035), as far as the supervisor has to understand them.
 *
 *   u16 id   u16 flags   u16 questions   u16 answers   u16 authorities   u16 additional     then the four sections
 *
 * A question comes from the workload, and is as hostile as the workload. It is read strictly, and it is never passed on: what
 * leaves is a new message with its name in lower case, its type and four flags. An answer comes from a name server that the
 * machine trusts; it is read with the same bounds.
 */
import { hostText } from "../words/sockets.ts";

const HEADER = 12;
/** Type and class. */
const AFTER_NAME = 4;
/** Type, class, time to live, length of the data. */
const RECORD_HEAD = 10;
const LONGEST_NAME = 255;
const LONGEST_LABEL = 63;
const POINTER = 0xc0;
const CLASS_IN = 1;
const [TYPE_A, TYPE_CNAME, TYPE_AAAA, TYPE_OPT] = [1, 5, 28, 41];
/** Flags: answer, opcode, truncated; recursion desired, recursion available, authentic data, checking disabled (RFC 4035). */
const [QR, OPCODE, TC, RD, RA, AD, CD] = [0x8000, 0x7800, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010];
/** In the flags of an OPT record: the answer may have signatures (RFC 3225). */
const DO = 0x8000;
const OPT_BYTES = 11;
/** Without an OPT record, and the size that is asked for with one (dnsflagday.net/2020). */
const PLAIN_SIZE = 512;
const ASKED_SIZE = 1232;

export const rcodes = { "server-failure": 2, "no-such-name": 3, refused: 5 } as const;

/** The name of an event whose question could not be read. No name is written like this: `?` begins a label in hexadecimal. */
export const MALFORMED = "?malformed";

const kinds: Readonly<Record<number, string>> = {
  1: "address",
  28: "address",
  2: "ns",
  5: "cname",
  6: "soa",
  12: "ptr",
  15: "mx",
  16: "txt",
  33: "srv",
  35: "naptr",
  43: "ds",
  48: "dnskey",
  64: "svcb",
  65: "https",
  255: "any",
};

/** A question as it was asked. */
export interface Question {
  readonly id: number;
  /** The name and what follows it, as they were written. */
  readonly bytes: Buffer;
  /** Escaped text in lower case, without the last dot. */
  readonly name: string;
  readonly type: number;
  /** `address`, or the kind of record. */
  readonly records: string;
  readonly flags: number;
  /** The longest answer by datagram that it asks for. */
  readonly size: number;
  readonly hasOptions: boolean;
  readonly wantsSignatures: boolean;
}

/** An address that an answer leads to, as in an event, and the seconds for which it holds. */
export interface FoundAddress {
  readonly address: string;
  readonly seconds: number;
}

/** Reads a message with one question of class IN, an OPT record at most, and nothing else; undefined for any other bytes. */
export function readQuestion(bytes: Buffer): Question | undefined {
  if (bytes.length < HEADER) return undefined;
  const flags = bytes.readUInt16BE(2);
  const [questions, answers, authorities, additional] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  if ((flags & (QR | OPCODE | TC)) !== 0 || questions !== 1 || answers !== 0 || authorities !== 0) return undefined;
  // A name in a question has nothing before it that it could point to.
  const name = readName(bytes, HEADER, false);
  if (name === undefined || name.end + AFTER_NAME > bytes.length) return undefined;
  const type = bytes.readUInt16BE(name.end);
  if (bytes.readUInt16BE(name.end + 2) !== CLASS_IN || type === TYPE_OPT) return undefined;
  const end = name.end + AFTER_NAME;
  const options = additional === 1 ? readOptions(bytes, end) : undefined;
  if (additional === 0 ? end !== bytes.length : options === undefined) return undefined;
  return {
    id: bytes.readUInt16BE(0),
    bytes: Buffer.from(bytes.subarray(HEADER, end)),
    name: name.text,
    type,
    records: kinds[type] ?? `type-${type}`,
    flags,
    size: Math.max(options?.size ?? PLAIN_SIZE, PLAIN_SIZE),
    hasOptions: options !== undefined,
    wantsSignatures: options?.wantsSignatures ?? false,
  };
}

/** The OPT record that ends a message (RFC 6891): root name, type, size, u8 code, u8 version, u16 flags, u16 length, data. */
function readOptions(bytes: Buffer, at: number): { size: number; wantsSignatures: boolean } | undefined {
  if (at + OPT_BYTES > bytes.length || bytes[at] !== 0 || bytes.readUInt16BE(at + 1) !== TYPE_OPT) return undefined;
  if (at + OPT_BYTES + bytes.readUInt16BE(at + 9) !== bytes.length) return undefined;
  return { size: bytes.readUInt16BE(at + 3), wantsSignatures: (bytes.readUInt16BE(at + 7) & DO) !== 0 };
}

/** The message that is sent to a name server: of what was asked, its name, its type, and whether signatures are wanted and checked. */
export function makeQuestion({ bytes, flags, hasOptions, wantsSignatures }: Question, id: number): Buffer {
  const message: Buffer = Buffer.alloc(HEADER + bytes.length + (hasOptions ? OPT_BYTES : 0));
  message.writeUInt16BE(id, 0);
  message.writeUInt16BE(flags & (RD | AD | CD), 2);
  message.writeUInt16BE(1, 4);
  message.writeUInt16BE(hasOptions ? 1 : 0, 10);
  lowered(bytes).copy(message, HEADER);
  if (!hasOptions) return message;
  const at = HEADER + bytes.length;
  message.writeUInt16BE(TYPE_OPT, at + 1);
  message.writeUInt16BE(ASKED_SIZE, at + 3);
  message.writeUInt16BE(wantsSignatures ? DO : 0, at + 7);
  return message;
}

/** The name of a question in lower case, and its type and class. The length of a label is less than that of any capital letter. */
function lowered(bytes: Buffer): Buffer {
  const end = bytes.length - AFTER_NAME;
  return Buffer.concat([lowerCase(bytes.subarray(0, end)), bytes.subarray(end)]);
}

/** Capital letters of ASCII as small ones: all that the domain name system does not tell apart (RFC 4343). */
function lowerCase(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)));
}

/** Whether bytes are the answer to a message of `makeQuestion` with this id. */
export function isAnswerTo(bytes: Buffer, id: number, { bytes: asked }: Question): boolean {
  const end = HEADER + asked.length;
  if (bytes.length < end || bytes.readUInt16BE(0) !== id) return false;
  const isOne = (bytes.readUInt16BE(2) & (QR | OPCODE)) === QR && bytes.readUInt16BE(4) === 1;
  return isOne && lowered(Buffer.from(bytes.subarray(HEADER, end))).equals(lowered(asked));
}

/** Addresses to which an answer leads from the name that was asked, through other names (CNAME); undefined if it cannot be read. */
export function readAddresses(bytes: Buffer, question: Question): readonly FoundAddress[] | undefined {
  const found: FoundAddress[] = [];
  const names = new Set([question.name]);
  let at = HEADER + question.bytes.length;
  for (let left = bytes.readUInt16BE(6); left > 0; left--) {
    const owner = readName(bytes, at, true);
    if (owner === undefined || owner.end + RECORD_HEAD > bytes.length) return undefined;
    const type = bytes.readUInt16BE(owner.end);
    const seconds = bytes.readUInt32BE(owner.end + 4);
    const data = owner.end + RECORD_HEAD;
    at = data + bytes.readUInt16BE(owner.end + 8);
    if (at > bytes.length) return undefined;
    if (bytes.readUInt16BE(owner.end + 2) !== CLASS_IN || !names.has(owner.text)) continue;
    if (type === TYPE_CNAME) {
      const target = readName(bytes, data, true);
      if (target === undefined) return undefined;
      names.add(target.text);
    } else if (type === TYPE_A && at - data === 4) {
      found.push({ address: hostText(bytes.subarray(data, at)), seconds });
    } else if (type === TYPE_AAAA && at - data === 16) {
      found.push({ address: hostText(bytes.subarray(data, at)), seconds });
    }
  }
  return found;
}

/** An answer with the id and the spelling of the question that it is given to; cut to the question if it is longer than `most`. */
export function answerFor(question: Question, answer: Buffer, most: number): Buffer {
  const isCut = answer.length > most;
  const end = HEADER + question.bytes.length;
  const message = Buffer.from(isCut ? answer.subarray(0, end) : answer);
  message.writeUInt16BE(question.id, 0);
  question.bytes.copy(message, HEADER);
  if (!isCut) return message;
  message.writeUInt16BE(message.readUInt16BE(2) | TC, 2);
  message.fill(0, 6, HEADER);
  return message;
}

export function isTruncated(answer: Buffer): boolean {
  return (answer.readUInt16BE(2) & TC) !== 0;
}

/** The answer to a question that no name server is asked. */
export function refusal({ id, flags, bytes }: Question, code: keyof typeof rcodes): Buffer {
  const message: Buffer = Buffer.alloc(HEADER + bytes.length);
  message.writeUInt16BE(id, 0);
  message.writeUInt16BE(QR | RA | (flags & (RD | CD)) | rcodes[code], 2);
  message.writeUInt16BE(1, 4);
  bytes.copy(message, HEADER);
  return message;
}

/** The answer to a message that could not be read: its id, if it has one, and that its format is wrong. */
export function formatError(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 2) return undefined;
  const message: Buffer = Buffer.alloc(HEADER);
  bytes.copy(message, 0, 0, 2);
  message.writeUInt16BE(QR | 1, 2);
  return message;
}

/**
 * A name, and where it ends; undefined if it does not. A pointer leads to an earlier place of the message, and each further one
 * to a place before that, so that a name has an end.
 */
function readName(bytes: Buffer, start: number, mayPoint: boolean): { text: string; end: number } | undefined {
  const labels: string[] = [];
  let end: number | undefined;
  let before = start;
  for (let at = start, length = 1; ; ) {
    const size = bytes[at];
    if (size === undefined) return undefined;
    if (size === 0) return { text: labels.join(".") || ".", end: end ?? at + 1 };
    if ((size & POINTER) === POINTER) {
      if (!mayPoint || at + 2 > bytes.length) return undefined;
      end ??= at + 2;
      at = bytes.readUInt16BE(at) & 0x3fff;
      if (at >= before || at < HEADER) return undefined;
      before = at;
      continue;
    }
    length += size + 1;
    if (size > LONGEST_LABEL || length > LONGEST_NAME || at + 1 + size > bytes.length) return undefined;
    labels.push(labelText(bytes.subarray(at + 1, at + 1 + size)));
    at += 1 + size;
  }
}

/** Letters, digits, hyphens and underscores in lower case; any other label in hexadecimal, so that no two look alike. */
function labelText(label: Buffer): string {
  const text = label.toString("latin1");
  return /^[\w-]+$/.test(text) ? text.toLowerCase() : `?${lowerCase(label).toString("hex")}`;
}
