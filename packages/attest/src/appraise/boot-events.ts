/** The events of registers in a log of measured boot: whether they fit the rules of a reference, and such rules of a good machine. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { AttestError } from "../error.ts";
import { type BootLog, NO_ACTION, typeName } from "../boot/index.ts";
import { type EventRule, keyOf, MOST_RULES, SEPARATOR } from "./event-rules.ts";
import { broken, incomplete, untrustedPlatform } from "./findings.ts";

export interface LoggedEvent {
  /** Its place in the log, from 0; the header of a log is an event too. */
  readonly index: number;
  readonly type: number;
  /** SHA-256, in hexadecimal. */
  readonly digest: string;
  readonly data: Uint8Array;
}

/** SHA-256 of "Exit Boot Services Returned with Success": the firmware extends nothing after it (PC Client Platform Firmware Profile). */
const END = "b54f7542cbd872a81a9d9dea839b2b8d747c7ebd5ea6615c40f42f44a6dbeba0";
/** Of the separators that firmware extends, 0 and 2³²-1, and 1 where it failed. None passes for another event. */
const SEPARATORS: ReadonlySet<string> = new Set(
  [0, 0xff]
    .map((byte) => new Uint8Array(4).fill(byte))
    .concat(Uint8Array.of(1, 0, 0, 0))
    .map((one) => bytesToHex(sha256(one))),
);
/** Types whose content begins with UEFI_VARIABLE_DATA (10.2.6). */
const VARIABLES: ReadonlySet<number> = new Set([
  0x8000_0001, 0x8000_0002, 0x8000_000c, 0x8000_00e0, 0x8000_00e3, 0x8000_00e4,
]);
/** A GUID and two lengths of 8 bytes stand before the name of a variable. */
const NAME_AT = 32;
/** Letters of a note. */
const MOST_NOTE = 100;

/** The events of each register in their order. Those that extend nothing are left out. */
export function eventsByRegister({ events }: BootLog): ReadonlyMap<number, readonly LoggedEvent[]> {
  const registers = new Map<number, LoggedEvent[]>();
  for (const [index, { pcr, type, digests, data }] of events.entries()) {
    const digest = digests.sha256;
    if (type === NO_ACTION || digest === undefined) continue;
    const own = registers.get(pcr) ?? [];
    registers.set(pcr, own);
    own.push({ index, type, digest: bytesToHex(digest), data });
  }
  return registers;
}

/** Rules of the reference boot `name` for one register. */
export interface RegisterRules {
  readonly name: string;
  readonly register: number;
  readonly rules: readonly EventRule[];
}

/** Why the events of a register, which lead to its quoted value, do not fit the rules; undefined where they do. */
export function refusalOf(
  { name, register, rules }: RegisterRules,
  events: readonly LoggedEvent[],
): AttestError | undefined {
  const [before, after] = [placeOf(rules, false), placeOf(rules, true)];
  const met = new Set<EventRule>();
  let [place, isOver] = [before, false];
  for (const event of events) {
    if (isOver) return unfit(`no event in register ${register} after the boot services ended`, inWords(event));
    const { type, digest } = event;
    const exact = place.byDigest.get(digest);
    // Whatever a node calls the separator, the events behind it are behind it.
    if (exact !== undefined && exact.type !== type)
      return broken(
        `an event to be called ${typeName(exact.type)}, as in ${name}, in register ${register}`,
        inWords(event),
        "what an event is called is not signed: ask the node for new evidence",
      );
    const rule = exact ?? (SEPARATORS.has(digest) ? undefined : place.byType.get(type));
    if (rule === undefined) {
      const [other, where] = place === before ? ([after, "after"] as const) : ([before, "before"] as const);
      return unfit(
        `events of ${name} alone in register ${register}`,
        `${inWords(event)}${other.byDigest.has(digest) ? `, which it has ${where} the separator alone` : ""}`,
      );
    }
    met.add(rule);
    if (type === SEPARATOR) place = after;
    isOver = digest === END;
  }
  const missing = rules.find((rule) => rule.isRequired && !met.has(rule));
  return missing && unfit(`${asRequired(missing)} in register ${register}, as ${name} requires`, "a log without it");
}

/** The rules for what stands before the separator of a register, or behind it. */
interface Place {
  readonly byDigest: ReadonlyMap<string, EventRule>;
  /** Those for any digest. */
  readonly byType: ReadonlyMap<number, EventRule>;
}

function placeOf(rules: readonly EventRule[], isAfter: boolean): Place {
  const own = rules.filter(({ isAfterSeparator }) => isAfterSeparator === isAfter);
  return {
    byDigest: new Map(own.flatMap((rule) => (rule.digest === undefined ? [] : [[rule.digest, rule] as const]))),
    byType: new Map(own.filter(({ digest }) => digest === undefined).map((rule) => [rule.type, rule])),
  };
}

const unfit = (expected: string, got: string): AttestError =>
  untrustedPlatform(expected, got, "find out what the node booted, or change the reference");

const inWords = ({ index, type, digest }: LoggedEvent): string => `event ${index}, ${typeName(type)} ${digest}`;

function asRequired({ type, digest, isAfterSeparator, note }: EventRule): string {
  const said = note === undefined ? "" : ` (${note})`;
  return `${typeName(type)} ${digest ?? ""}${said}${isAfterSeparator ? " after the separator" : ""}`;
}

/** Rules by which exactly these events of a register are accepted, in any order, each of them required. */
export function rulesOf(register: number, events: readonly LoggedEvent[]): readonly EventRule[] {
  const rules = new Map<string, EventRule>();
  let isAfterSeparator = false;
  for (const event of events) {
    const { type, digest } = event;
    const key = keyOf({ type, digest, isAfterSeparator });
    const known = rules.get(key);
    if (known !== undefined && known.type !== type)
      throw incomplete(
        `one type for each digest in register ${register}`,
        `${inWords(event)}, and the same as ${typeName(known.type)}`,
        "leave that register out",
      );
    rules.set(key, { type, digest, isRequired: true, isAfterSeparator, note: noteOf(event) });
    isAfterSeparator ||= type === SEPARATOR;
  }
  if (rules.size > MOST_RULES)
    throw incomplete(
      `at most ${MOST_RULES} events in register ${register}`,
      `${rules.size}`,
      "leave that register out",
    );
  const listed = [...rules.values()];
  const refusal = refusalOf({ name: "this machine", register, rules: listed }, events);
  if (refusal !== undefined) throw refusal;
  return listed;
}

/** What was measured, where the digest is that of the content: of a program it is not, and so nothing says which file it was. */
function noteOf({ type, digest, data }: LoggedEvent): string | undefined {
  if (bytesToHex(sha256(data)) !== digest) return undefined;
  if (type === SEPARATOR) return bytesToHex(data).slice(0, MOST_NOTE);
  const letters = VARIABLES.has(type) ? nameIn(data) : data;
  return letters && (textIn(letters, "utf-8") ?? textIn(letters, "utf-16le"));
}

/** The name of a variable, in UTF-16. */
function nameIn(data: Uint8Array): Uint8Array | undefined {
  if (data.length < NAME_AT) return undefined;
  const letters = new DataView(data.buffer, data.byteOffset).getBigUint64(NAME_AT - 16, true);
  return letters > MOST_NOTE ? undefined : data.subarray(NAME_AT, NAME_AT + 2 * Number(letters));
}

/** A text of letters that stand on any keyboard, with a zero at its end or without. */
function textIn(data: Uint8Array, encoding: "utf-8" | "utf-16le"): string | undefined {
  const text = new TextDecoder(encoding).decode(data).replace(/\0$/, "");
  return /^[ -~]+$/.test(text) ? text.slice(0, MOST_NOTE) : undefined;
}
