/**
 * Parses the text of an IMA policy into rules: one a line, `ACTION CONDITION…`; `#` begins a comment line.
 *
 * What the kernel refuses is refused, with line and column; so is what it would accept by accident (a condition given twice).
 */
import { CliError } from "../../error.ts";
import { algorithmByName } from "../hash-algorithms.ts";
import { isTemplateName } from "../list/template.ts";
import { contradictionIn } from "./contradiction.ts";
import {
  type AccessName,
  access,
  type Action,
  actions,
  appraiseTypes,
  type Conditions,
  type Hook,
  hooks,
  idKinds,
  type IdKind,
  type ImaPolicy,
  type LabelKind,
  labelKinds,
  oldHooks,
  type Operator,
  type Rule,
} from "./rule.ts";

const MAX_BYTES = 1024 * 1024;
/** A rule is written to the kernel in one piece of at most a page. */
const MAX_LINE = 4095;

/** Position of an error: line and column count from 1. */
export class PolicyRefusal extends CliError {
  readonly line: number;
  readonly column: number;

  constructor(line: number, column: number, why: string) {
    super("bad-ima-policy", `IMA policy, line ${line}, column ${column}: ${why}`);
    this.line = line;
    this.column = column;
  }
}

/** Parses the text of a policy; refuses one without rules, as the kernel does. */
export function parseImaPolicy(text: string): ImaPolicy {
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw new PolicyRefusal(1, 1, `expected at most ${MAX_BYTES} bytes, got ${Buffer.byteLength(text)}`);
  const rules = text.split("\n").flatMap((line, index) => parseLine(line, index + 1));
  if (rules.length === 0) throw new PolicyRefusal(1, 1, "expected at least one rule, got none");
  return { rules, failSecurely: false };
}

interface Word {
  readonly text: string;
  /** From 1. */
  readonly column: number;
}

function parseLine(line: string, number: number): readonly Rule[] {
  if (/^[ \t]*(#|$)/.test(line)) return [];
  if (Buffer.byteLength(line) > MAX_LINE)
    throw new PolicyRefusal(number, MAX_LINE + 1, `expected a rule of at most ${MAX_LINE} bytes`);
  const words = Array.from(line.matchAll(/[^ \t]+/g), (found): Word => ({ text: found[0], column: found.index + 1 }));
  return [parseRule(words, number)];
}

function parseRule(words: readonly Word[], line: number): Rule {
  let action: Action | undefined;
  let conditions: Conditions = {};
  const columns = new Map<string, number>();
  for (const word of words) {
    const refuse = (why: string) => new PolicyRefusal(line, word.column, why);
    if (isAction(word.text)) {
      if (action !== undefined) throw refuse(`expected one action, got ${word.text} after ${action}`);
      action = word.text;
      continue;
    }
    const { name, operator, value } = splitWord(word.text, refuse);
    const earlier = columns.get(name) ?? rivalOf(name, columns);
    if (earlier !== undefined)
      throw refuse(`${name} is given already in column ${earlier}; a rule has each condition once`);
    columns.set(name, word.column);
    conditions = withCondition(conditions, name, operator, value, refuse);
  }
  const first = words[0] as Word;
  if (action === undefined)
    throw new PolicyRefusal(line, first.column, `expected an action (${actions.join(", ")}), got none`);
  const wrong = contradictionIn(action, conditions);
  if (wrong !== undefined) throw new PolicyRefusal(line, columns.get(wrong.about) ?? first.column, wrong.why);
  return { ...conditions, action, line, text: words.map(({ text }) => text).join(" ") };
}

function isAction(text: string): text is Action {
  return (actions as readonly string[]).includes(text);
}

/** The kernel has one field for uid and euid, and one for gid and egid: a rule has one of each. */
function rivalOf(name: string, columns: ReadonlyMap<string, number>): number | undefined {
  const rivals: Readonly<Record<string, string>> = { uid: "euid", euid: "uid", gid: "egid", egid: "gid" };
  const rival = rivals[name];
  return rival === undefined ? undefined : columns.get(rival);
}

function splitWord(text: string, refuse: (why: string) => PolicyRefusal) {
  if (text === "permit_directio") return { name: text, operator: "=" as const, value: "" };
  const found = /^([a-z_]+)([=<>])(.+)$/s.exec(text);
  if (!found) throw refuse(`expected an action or NAME=VALUE, got ${JSON.stringify(text.slice(0, 60))}`);
  return { name: found[1] as string, operator: found[2] as Operator, value: found[3] as string };
}

type Refuse = (why: string) => PolicyRefusal;

function withCondition(to: Conditions, name: string, operator: Operator, value: string, refuse: Refuse): Conditions {
  if ((idKinds as readonly string[]).includes(name)) {
    const ids = { ...to.ids, [name as IdKind]: { operator, id: idFrom(name, value, refuse) } };
    return { ...to, ids };
  }
  if (operator !== "=") throw refuse(`${name} takes = alone; < and > are for ${idKinds.join(", ")}`);
  if ((labelKinds as readonly string[]).includes(name)) {
    return { ...to, labels: { ...to.labels, [name as LabelKind]: value } };
  }
  const parse = Object.hasOwn(parsers, name) ? parsers[name as keyof typeof parsers] : undefined;
  if (parse === undefined) throw refuse(`${name} is not a condition of an IMA policy`);
  return { ...to, [name]: parse(value, refuse) };
}

const parsers = {
  func: (value: string, refuse: Refuse): Hook => {
    const hook = oldHooks[value] ?? hooks.find((each) => each === value);
    if (hook === undefined) throw refuse(`expected one of ${hooks.join(", ")}, got ${shown(value)}`);
    return hook;
  },
  mask: (value: string, refuse: Refuse) => {
    const any = value.startsWith("^");
    const name = any ? value.slice(1) : value;
    if (!Object.hasOwn(access, name))
      throw refuse(`expected one of ${Object.keys(access).join(", ")}, each also with ^, got ${shown(value)}`);
    return { bits: access[name as AccessName], any };
  },
  fsmagic: (value: string, refuse: Refuse) => {
    if (!/^(0x)?[0-9a-f]{1,8}$/i.test(value))
      throw refuse(`expected a filesystem magic in hexadecimal, got ${shown(value)}`);
    return Number.parseInt(value, 16);
  },
  fsname: (value: string) => value,
  fs_subtype: (value: string) => value,
  fsuuid: (value: string, refuse: Refuse) => {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value))
      throw refuse(`expected a UUID, got ${shown(value)}`);
    return value.toLowerCase();
  },
  template: (value: string, refuse: Refuse) => {
    if (!isTemplateName(value))
      throw refuse(`${shown(value)} is not a template; ima-ng, ima-sig and ima-ngv2 are some`);
    return value;
  },
  pcr: (value: string, refuse: Refuse) => {
    if (!/^\d{1,2}$/.test(value) || Number(value) > 63)
      throw refuse(`expected a register from 0 to 63, got ${shown(value)}`);
    return Number(value);
  },
  digest_type: (value: string, refuse: Refuse) => {
    if (value !== "verity") throw refuse(`expected verity, got ${shown(value)}`);
    return value;
  },
  appraise_type: (value: string, refuse: Refuse) => {
    const type = appraiseTypes.find((each) => each === value);
    if (type === undefined) throw refuse(`expected one of ${appraiseTypes.join(", ")}, got ${shown(value)}`);
    return type;
  },
  appraise_flag: (value: string, refuse: Refuse) => {
    if (value !== "check_blacklist") throw refuse(`expected check_blacklist, got ${shown(value)}`);
    return value;
  },
  appraise_algos: (value: string, refuse: Refuse) =>
    value.split(",").map((name) => {
      const algorithm = algorithmByName(name);
      if (algorithm === undefined) throw refuse(`${shown(name)} is not a hash algorithm of the kernel`);
      if (algorithm.node === undefined) throw refuse(`${name} cannot be computed here; leave it out`);
      return algorithm.name;
    }),
  permit_directio: () => true as const,
  keyrings: (value: string, refuse: Refuse) => alternatives(value, refuse),
  label: (value: string, refuse: Refuse) => alternatives(value, refuse),
} satisfies Record<string, (value: string, refuse: Refuse) => unknown>;

/** `.ima|.evm`: at least one, none empty. */
function alternatives(value: string, refuse: Refuse): readonly string[] {
  const names = value.split("|");
  if (names.includes("")) throw refuse(`expected names with | between them, got ${shown(value)}`);
  return names;
}

/** 4294967295 is the kernel's "no id". */
function idFrom(name: string, value: string, refuse: Refuse): number {
  if (!/^\d{1,10}$/.test(value) || Number(value) >= 0xffff_ffff)
    throw refuse(`expected a number from 0 to 4294967294 for ${name}, got ${shown(value)}`);
  return Number(value);
}

function shown(value: string): string {
  return JSON.stringify(value.slice(0, 60));
}
