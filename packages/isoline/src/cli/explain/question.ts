/**
 * The question of `isoline explain`: a point, an event in its JSON form, or an act line.
 *
 * An act line may leave fields out: `open path=$HOME/.npmrc`.
 */
import type { Contour } from "@isoline/core/contour";
import { IsolineError } from "@isoline/core/error";
import {
  type Actor,
  type Event,
  eventFromJson,
  fieldsOf,
  formatAct,
  isOperation,
  operationNames,
  parseAct,
} from "@isoline/core/event";
import { CliError } from "../../error.ts";
import { usage } from "../refusal.ts";

export type Question =
  | { readonly kind: "point"; readonly index: number }
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "act"; readonly op: Event["op"]; readonly words: readonly string[] };

const POINT = /^[0-9a-f]{4,64}$/;

/** Parses the question; `text` is the words of the command line, joined by spaces. */
export function readQuestion(text: string, contour: Pick<Contour, "size" | "point">): Question {
  const asked = text.trim();
  if (asked.startsWith("{")) return { kind: "event", event: eventFromJson(readJson(asked)) };
  if (POINT.test(asked)) return { kind: "point", index: findPoint(contour, asked) };
  const [op = "", ...words] = asked.split(/\s+/);
  if (isOperation(op)) return { kind: "act", op, words: checkedWords(op, words) };
  throw usage(
    `expected a point (4 to 64 hexadecimal digits), the JSON form of an event, or an act (open path=…), got ${JSON.stringify(asked.slice(0, 60))}; operations are ${operationNames.join(", ")}`,
  );
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
  if (address.startsWith("/") || address.startsWith("@") || address.startsWith("$")) return "unix";
  return address.startsWith("[") ? "inet6" : "inet";
}

function checkedWords(op: Event["op"], words: readonly string[]): readonly string[] {
  const known = fieldsOf(op).map(([name]) => name);
  for (const word of words) {
    const name = word.slice(0, Math.max(0, word.indexOf("=")));
    if (!known.includes(name))
      throw usage(
        `expected FIELD=VALUE with a field of ${op} (${known.join(", ") || "it has none"}), got ${JSON.stringify(word.slice(0, 60))}`,
      );
  }
  return words;
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
