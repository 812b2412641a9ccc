/**
 * The question of `isoline explain`: a point, an event in its JSON form, or what `isoline query` understands.
 *
 * An act line is such a question too, and may leave fields out: `open path=$HOME/.npmrc`. If nothing fits it, it can be completed to an
 * event, which is then explained.
 */
import type { Contour } from "@isoline/core/contour";
import { Query } from "@isoline/core/engine";
import { IsolineError } from "@isoline/core/error";
import { type Actor, type Event, eventFromJson, fieldsOf, formatAct, isOperation, parseAct } from "@isoline/core/event";
import { CliError } from "../../error.ts";

export type Question =
  | { readonly kind: "point"; readonly index: number }
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "query"; readonly query: Query; readonly act: ActLine | undefined };

/** One operation and plain values of its fields. */
export interface ActLine {
  readonly op: Event["op"];
  readonly words: readonly string[];
}

const POINT = /^[0-9a-f]{4,64}$/;

/** Parses the question; `text` is the words of the command line, joined by spaces. */
export function readQuestion(text: string, contour: Pick<Contour, "size" | "point">): Question {
  const asked = text.trim();
  if (asked.startsWith("{")) return { kind: "event", event: eventFromJson(readJson(asked)) };
  if (POINT.test(asked)) return { kind: "point", index: findPoint(contour, asked) };
  return { kind: "query", query: Query.parse(asked), act: actLine(asked.split(/\s+/)) };
}

/** Wildcards, a directory with everything below it, a range, a network, or a set of addresses. */
const PATTERN = /[*?]|\/$|\.\.|^address=(?:[^/@$]+\/\d+|[a-z]+)$/;

/**
 * An act that can be completed: one operation, no pattern, no field of another operation, and its place. Without the place the answer would
 * be about some file of some program.
 */
function actLine([op = "", ...words]: readonly string[]): ActLine | undefined {
  if (!isOperation(op)) return undefined;
  const known = fieldsOf(op).map(([name]) => name);
  const isPlain = (word: string) => known.includes(word.slice(0, word.indexOf("="))) && !PATTERN.test(word);
  const place = known.find((name) => name === "path" || name === "address");
  const hasPlace = place === undefined || words.some((word) => word.startsWith(`${place}=`));
  return hasPlace && words.every(isPlain) ? { op, words } : undefined;
}

/** The index of the only point with this prefix. */
export function findPoint(contour: Pick<Contour, "size" | "point">, prefix: string): number {
  const found: number[] = [];
  for (let index = 0; index < contour.size && found.length < 2; index++) {
    if (contour.point(index).startsWith(prefix)) found.push(index);
  }
  const [only, second] = found;
  if (only === undefined)
    throw new CliError(
      "no-such-point",
      `no point of the contour begins with ${prefix}; to ask about something that is off contour, give the event (see the report of check)`,
    );
  if (second !== undefined)
    throw new CliError("no-such-point", `several points of the contour begin with ${prefix}; give more digits`);
  return only;
}

/** Whether an event matches all the words. */
export function matches(event: Event, op: Event["op"], words: readonly string[]): boolean {
  if (event.op !== op) return false;
  const said = new Set(formatAct(event).split(" "));
  return words.every((word) => said.has(word));
}

/** An event with the fields in the words, and the other fields from `like`. */
export function completed(op: Event["op"], words: readonly string[], actor: Actor, like: Event | undefined): Event {
  const own = fieldsByName(words);
  const others = fieldsByName(like?.op === op ? formatAct(like).split(" ").slice(1) : []);
  const line: string[] = [op];
  for (const [name, { optional }] of fieldsOf(op)) {
    const word = own.get(name) ?? (optional ? undefined : (others.get(name) ?? usually(name, own)));
    if (word !== undefined) line.push(word);
    else if (!optional)
      throw new IsolineError(
        "bad-event",
        `${op} needs ${name}=…, and nothing on the contour says what it might be; its fields are ${fieldsOf(op)
          .map(([field]) => field)
          .join(", ")}`,
      );
  }
  return parseAct(line.join(" "), actor);
}

/** The most common value of a field, if nothing else determines it. */
function usually(name: string, own: ReadonlyMap<string, string>): string | undefined {
  const address = own.get("address")?.slice("address=".length);
  switch (name) {
    case "access":
      return "access=read";
    case "mode":
      return "mode=0100644";
    case "uid":
    case "gid":
      return `${name}=user`;
    case "fs":
      return "fs=disk";
    case "loader":
      return "loader=";
    case "family":
      return address === undefined ? undefined : `family=${familyOf(address)}`;
    case "type":
      return "type=stream";
    default:
      return undefined;
  }
}

function familyOf(address: string): string {
  if (address.startsWith("$RESOLVER:")) return "inet";
  if (address.startsWith("/") || address.startsWith("@") || address.startsWith("$")) return "unix";
  return address.startsWith("[") ? "inet6" : "inet";
}

function fieldsByName(words: readonly string[]): Map<string, string> {
  return new Map(words.map((word) => [word.slice(0, word.indexOf("=")), word]));
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (fault) {
    throw new IsolineError("bad-event", `expected the JSON form of an event; ${(fault as Error).message}`, {
      cause: fault,
    });
  }
}
