/**
 * The one-line form of an act, as a contour file has it: operation, then `field=value` in the order of the table.
 *
 *   open access=read path=$HOME/.npmrc mode=0100644 uid=user gid=user fs=disk
 *
 * The actor is not part of the line: a contour names it once for many lines. Absent optional fields are left out. Values are
 * escaped text, so a line never holds a space inside a value.
 */
import { isDigest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { isEscaped } from "./escape.ts";
import type { Actor, Event, FieldValue } from "./event.ts";
import { subjectRecord } from "./event.ts";
import { type FieldKind, fieldsOf, isOperation } from "./operations.ts";

/** Stands for the id of the user who started the namespace (lens rule `launch-user`). */
export const LAUNCH_USER = 0xffff_fffe;

/** `op field=value …` */
export function formatAct(event: Event): string {
  const subject = subjectRecord(event);
  let line: string = event.op;
  for (const [name, field] of fieldsOf(event.op)) {
    const value = subject[name];
    if (value !== undefined) line += ` ${name}=${formatValue(field.kind, value)}`;
  }
  return line;
}

/** The exact reverse of `formatAct`. Every other spelling is refused. */
export function parseAct(line: string, actor: Actor): Event {
  const words = line.split(" ");
  const op = words[0] as string;
  if (!isOperation(op)) throw badLine(line, `no operation is called ${JSON.stringify(op.slice(0, 40))}`);
  const subject: Record<string, FieldValue> = {};
  let next = 1;
  for (const [name, field] of fieldsOf(op)) {
    const word = words[next];
    if (word?.startsWith(`${name}=`)) {
      subject[name] = parseValue(field.kind, word.slice(name.length + 1), line);
      next += 1;
    } else if (!field.optional) {
      throw badLine(
        line,
        `expected ${name}=… as word ${next + 1}, got ${JSON.stringify(word?.slice(0, 40) ?? "the end")}`,
      );
    }
  }
  if (next !== words.length) throw badLine(line, `word ${next + 1} is one too many`);
  return { op, actor, subject } as unknown as Event;
}

export function formatId(id: number): string {
  return id === LAUNCH_USER ? "user" : String(id);
}

/** Entries with commas between them; a comma in an entry is written `\\x2c`. */
export function formatList(entries: readonly string[]): string {
  return entries.map((text) => text.replaceAll(",", "\\x2c")).join(",");
}

/** Splits what `formatList` wrote. Entries are not parsed further. */
export function parseList(text: string): string[] {
  return text === "" ? [] : text.split(",").map((entry) => entry.replaceAll("\\x2c", ","));
}

function formatValue(kind: FieldKind, value: Exclude<FieldValue, undefined>): string {
  switch (kind) {
    case "list":
      return formatList(value as readonly string[]);
    case "octal":
      return `0${(value as number).toString(8)}`;
    case "id":
      return formatId(value as number);
    case "u64":
      return `0x${(value as bigint).toString(16)}`;
    default:
      return String(value);
  }
}

function parseValue(kind: FieldKind, text: string, line: string): FieldValue {
  switch (kind) {
    case "path":
    case "text":
      if (!isEscaped(text))
        throw badLine(line, `${JSON.stringify(text.slice(0, 40))} is not escaped the canonical way`);
      return text;
    case "list":
      return parseList(text).map((entry) => parseValue("text", entry, line) as string);
    case "u32":
      return parseInteger(text, /^(0|[1-9][0-9]{0,9})$/, 10, line);
    case "id":
      return parseId(text, line);
    case "octal":
      return parseInteger(text, /^0(0|[1-7][0-7]{0,10})$/, 8, line);
    case "u64":
      if (!/^0x(0|[1-9a-f][0-9a-f]{0,15})$/.test(text))
        throw badLine(line, `${JSON.stringify(text)} is not a 64-bit number`);
      return BigInt(text);
    case "digest":
      if (!isDigest(text)) throw badLine(line, `${JSON.stringify(text.slice(0, 70))} is not a SHA-256 digest`);
      return text;
  }
}

function parseId(text: string, line: string): number {
  if (text === "user") return LAUNCH_USER;
  const id = parseInteger(text, /^(0|[1-9][0-9]{0,9})$/, 10, line);
  if (id === LAUNCH_USER) throw badLine(line, `expected "user", got ${text}, which stands for it`);
  return id;
}

function parseInteger(text: string, shape: RegExp, radix: number, line: string): number {
  const value = Number.parseInt(text, radix);
  if (!shape.test(text) || value > 0xffff_ffff)
    throw badLine(line, `${JSON.stringify(text.slice(0, 40))} is not a 32-bit number`);
  return value;
}

function badLine(line: string, why: string): IsolineError {
  return new IsolineError("bad-event", `cannot read event ${JSON.stringify(line.slice(0, 120))}: ${why}`);
}
