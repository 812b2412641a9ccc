/**
 * Rules on the events of one register in the log of measured boot: which it may have, in any order and as often as it likes. A quote proves
 * digests and their order within a register. Of what else a log says, it proves nothing: type and content are the node's words.
 */
import { NO_ACTION, typeName, typeNamed } from "../boot/index.ts";
import type { Located } from "./located.ts";

export interface EventRule {
  /** TCG_EVENTTYPE. */
  readonly type: number;
  /** SHA-256, in hexadecimal; undefined: any. */
  readonly digest: string | undefined;
  /** Whether the register must have it at least once. */
  readonly isRequired: boolean;
  /** Whether it stands behind the first separator of the register, which firmware extends before it starts anything; else, before. */
  readonly isAfterSeparator: boolean;
  /** What it is, for people: nothing is judged by it. */
  readonly note: string | undefined;
}

export const SEPARATOR = 4;
/** Rules for one register. A log of GRUB has an event for each line that it reads. */
export const MOST_RULES = 4096;
/** Registers from this one on can be reset by a program, and what a boot extended thrown away. */
export const FIRST_RESETTABLE = 16;

const DIGEST = /^(?:[0-9a-f]{64}|any)$/;
const TYPE = /^[0-9A-Za-z_]{1,64}$/;
const NOTE = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u;

/** Rules by register, as they stand in reference values. Refuses them as `readReferences` does. */
export function eventRulesIn(at: Located): ReadonlyMap<number, readonly EventRule[]> {
  const registers = at.entries().map(([number, rules]) => {
    if (!/^(?:\d|1[0-5])$/.test(number)) throw rules.refused(`rules by a register below ${FIRST_RESETTABLE}`);
    return [Number(number), rulesIn(rules)] as const;
  });
  return new Map(registers);
}

function rulesIn(at: Located): readonly EventRule[] {
  const listed = at.list();
  if (listed.length > MOST_RULES) throw at.refused(`at most ${MOST_RULES} events for one register`);
  const keys = new Set<string>();
  const rules = listed.map((one) => {
    const rule = ruleIn(one);
    if (keys.size === keys.add(keyOf(rule)).size)
      throw one.refused("a digest, or a type with any, that no other event here has before the separator, or after it");
    return rule;
  });
  const hasSeparator = rules.some(({ type, isAfterSeparator }) => type === SEPARATOR && !isAfterSeparator);
  const after = rules.findIndex(({ isAfterSeparator }) => isAfterSeparator);
  if (after >= 0 && !hasSeparator) throw (listed[after] as Located).refused("an EV_SEPARATOR here that it is after");
  return rules;
}

function ruleIn(at: Located): EventRule {
  const members = at.members(["type", "digest", "required", "after", "note"]);
  const of = (name: string) => members[name] as Located;
  const type = typeNamed(of("type").text(TYPE, "the name of a type of events"));
  if (type === undefined || type === NO_ACTION)
    throw of("type").refused("the name of a type that extends registers, or 0x and its 8 digits");
  const digest = of("digest").text(DIGEST, '64 hexadecimal digits, or "any"');
  const isRequired = of("required").isThere && of("required").truth();
  if (digest === "any" && type === SEPARATOR) throw of("digest").refused("the digest of the separator");
  // A node may call any event so, thus it would be there.
  if (digest === "any" && isRequired) throw of("required").refused("no event that is required with any digest");
  return {
    type,
    digest: digest === "any" ? undefined : digest,
    isRequired,
    isAfterSeparator: of("after").isThere && of("after").word("separator") === "separator",
    note: of("note").isThere ? of("note").text(NOTE, "1 to 128 letters that can be shown") : undefined,
  };
}

/** What a rule is found by. */
export const keyOf = ({
  type,
  digest,
  isAfterSeparator,
}: Pick<EventRule, "type" | "digest" | "isAfterSeparator">): string =>
  `${isAfterSeparator ? "after" : "before"} ${digest ?? type}`;

/** A rule as it stands in a file. */
export const written = ({ type, digest, isRequired, isAfterSeparator, note }: EventRule) => ({
  type: typeName(type),
  digest: digest ?? "any",
  ...(isRequired && { required: true }),
  ...(isAfterSeparator && { after: "separator" }),
  ...(note !== undefined && { note }),
});
