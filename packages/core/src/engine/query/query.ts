/**
 * Questions to a contour: which points do something like this?
 *
 *   write path=$HOME/.ssh/            create, append to, rename onto … anything in that directory
 *   connect address=outside           a connection that leaves the machine
 *   exec path=$TMP/** program!=make   anything below $TMP that a program other than make executes
 *
 * A question is words. Those of one field are alternatives, and every field must fit. Words without `=` are operations, sets of
 * them, or consequences. `!=` excludes. Where the contour does not say enough to decide (a name in place of an address), a point counts
 * as found, so that "nothing" can be relied on.
 */
import type { Digest } from "../../digest.ts";
import { IsolineError } from "../../error.ts";
import { type Actor, type Event, type FieldValue, subjectRecord } from "../../event/event.ts";
import { fieldsOf, isOperation, operationNames } from "../../event/operations.ts";
import { formatId } from "../../event/text.ts";
import { programName, type Task, taskPhrase } from "../../identity/task.ts";
import { hostAndPort } from "../address.ts";
import { consequenceOf } from "../consequence.ts";
import { consequences, isConsequence } from "../consequence/classes.ts";
import { addressPattern } from "./address-pattern.ts";
import { numberPattern } from "./number-pattern.ts";
import { liesAnywhere, shownPath } from "../shown-path.ts";
import { operationSets } from "./operation-sets.ts";
import { hasTokens, mayFit } from "./levelled-match.ts";
import { pathPattern, type TextTest, textPattern } from "./text-pattern.ts";

/** What a question may ask about an actor; `chain` begins with the first program of the namespace. */
export interface ActorView {
  readonly actor: Actor;
  readonly chain: readonly Task[];
  /** The names of tasks in contour files: `node~3fa9c1d2`. */
  readonly handles: ReadonlyMap<Digest, string>;
}

type Test = (event: Event, view: ActorView) => boolean;

const MOST_WORDS = 64;
/** Fields that are no field of an act. */
const OWN_FIELDS = ["program", "under", "user", "host", "port", "consequence"] as const;

/** A parsed question. */
export class Query {
  readonly #tests: readonly Test[];
  /** The only operation that it is about; undefined for several, for a set, and for none. */
  readonly operation: Event["op"] | undefined;

  private constructor(tests: readonly Test[], operation: Event["op"] | undefined) {
    this.#tests = tests;
    this.operation = operation;
  }

  /** Reads a question; throws `bad-query` with what was expected. */
  static parse(text: string): Query {
    const words = text.split(/\s+/).filter((word) => word !== "");
    if (words.length === 0 || words.length > MOST_WORDS)
      throw bad(`expected 1 to ${MOST_WORDS} words, got ${words.length}; for example: write path=$HOME/.ssh/`);
    const operations: Test[] = [];
    const fields = new Map<string, Test[]>();
    const excluded: Test[] = [];
    for (const word of words) {
      const [, field = "", not = ""] = /^([a-z][a-z-]*)(!?)=/.exec(word) ?? [];
      if (field === "") operations.push(operationTest(word));
      else {
        const test = fieldTest(field, word.slice(field.length + not.length + 1), word, not !== "!");
        if (not === "!") excluded.push(test);
        else fields.set(field, [...(fields.get(field) ?? []), test]);
      }
    }
    const alternatives = [operations, ...fields.values()].filter((tests) => tests.length > 0);
    const tests: Test[] = [
      ...alternatives.map(
        (any): Test =>
          (event, view) =>
            any.some((test) => test(event, view)),
      ),
      ...excluded.map(
        (test): Test =>
          (event, view) =>
            !test(event, view),
      ),
    ];
    const [first = ""] = words;
    const only = words.filter((word) => !word.includes("=")).length === 1 && isOperation(first) ? first : undefined;
    return new Query(tests, only);
  }

  matches(event: Event, view: ActorView): boolean {
    return this.#tests.every((test) => test(event, view));
  }
}

function operationTest(word: string): Test {
  const set = Object.hasOwn(operationSets, word) ? operationSets[word] : undefined;
  if (set) return (event) => set.has(event);
  if (isOperation(word)) return ({ op }) => op === word;
  if (isConsequence(word)) return (event) => consequenceOf(event).consequence === word;
  const pattern = /[*?]/.test(word) ? textPattern(word) : undefined;
  if (typeof pattern === "function" && operationNames.some(pattern)) return ({ op }) => pattern(op);
  throw bad(
    `expected an operation, a set of them, a consequence or FIELD=PATTERN, got ${quoted(word)}; operations are ${operationNames.join(", ")}; sets are ${Object.keys(operationSets).join(", ")}; consequences are ${consequences.join(", ")}`,
  );
}

/** `may`: whether a path counts that only may be what is asked for. What is excluded must be it for certain. */
function fieldTest(field: string, pattern: string, word: string, may: boolean): Test {
  switch (field) {
    case "program":
      return programTest(sound(pathOrName(pattern), word), ({ chain }) => chain.slice(-1));
    case "under":
      return programTest(sound(pathOrName(pattern), word), ({ chain }) => chain.slice(0, -1));
    case "user": {
      const test = sound(numberOrText(pattern), word);
      return (_, { actor: { credentials } }) => test(formatId(credentials.uid)) || test(formatId(credentials.euid));
    }
    case "consequence":
      if (!isConsequence(pattern)) throw bad(`${quoted(word)}: expected a consequence, such as credentials or network`);
      return (event) => consequenceOf(event).consequence === pattern;
    case "address":
      return addressTest(sound(addressPattern(pattern), word));
    case "host": {
      const test = sound(textPattern(pattern), word);
      return (event) => "address" in event.subject && test(hostAndPort(event.subject.address).host);
    }
    case "port": {
      const test = sound(numberPattern(pattern), word);
      return (event) => "address" in event.subject && test(hostAndPort(event.subject.address).port);
    }
    case "path": {
      const test = pathTest(plain(pattern), word, may);
      return ({ subject }) =>
        ("path" in subject && test(plain(subject.path))) ||
        ("to" in subject && typeof subject.to === "string" && test(plain(subject.to))) ||
        ("family" in subject && "address" in subject && subject.family === "unix" && test(plain(subject.address)));
    }
    default:
      return subjectTest(field, pattern, word, may);
  }
}

function pathTest(pattern: string, word: string, may: boolean): TextTest {
  const written = sound(pathPattern(pattern), word);
  if (!may) return written;
  const parts = (pattern.endsWith("/") ? `${pattern}**` : pattern).split("/");
  return (path) => written(path) || liesAnywhere(path) || (hasTokens(path) && mayFit(path.split("/"), parts));
}

function addressTest(test: (event: Event, address: string) => boolean): Test {
  return (event) => "address" in event.subject && test(event, event.subject.address);
}

/** A program is named by its file's name, its path, how it was called, or its task. */
function programTest(test: TextTest, of: (view: ActorView) => readonly Task[]): Test {
  return (_, view) => of(view).some((task) => namesOf(task, view).some(test));
}

function namesOf(task: Task, { handles }: ActorView): readonly string[] {
  const scripts = (task.runs ?? []).map((run) => run.replace(/@(?:[0-9a-f]{64}|\?)$/, ""));
  const names = [programName(task), task.images[0].path, taskPhrase(task), task.as, handles.get(task.id)];
  return [...names.filter((name) => name !== undefined), ...scripts, ...scripts.map(lastComponent)];
}

function lastComponent(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Any field of an act, as a contour line shows it. */
function subjectTest(field: string, pattern: string, word: string, may: boolean): Test {
  const kinds = new Set(
    operationNames.flatMap((op) => fieldsOf(op).flatMap(([name, { kind }]) => (name === field ? [kind] : []))),
  );
  if (kinds.size === 0)
    throw bad(
      `expected FIELD=PATTERN with a field of an act, got ${quoted(word)}; fields are ${[...allFields()].join(", ")}`,
    );
  if (field === "access") {
    const tests = pattern.split(",").map((part) => sound(textPattern(part), word));
    return ({ subject }) => {
      if (!("access" in subject)) return false;
      const words = subject.access.split(",");
      return tests.every((test) => words.some(test) || test(subject.access));
    };
  }
  const isPath = kinds.has("path") && (pattern.startsWith("/") || pattern.startsWith("$") || pattern.includes("**"));
  const test = isPath ? pathTest(plain(pattern), word, may) : sound(numberOrText(pattern), word);
  return (event) => textsOf(event, field).some((text) => test(isPath ? plain(text) : text));
}

const DELETED = "?deleted:";

/**
 * A path with tokens that begins at the root has a mark in front, `$/srv/{<n>}`, which questions need not have. What the launch has is
 * found by the launch's path, from wherever it is reached, and what has no name any more by the one that it had.
 */
function plain(path: string): string {
  const shown = shownPath(path.startsWith(DELETED) ? path.slice(DELETED.length) : path);
  return shown.startsWith("$/") ? shown.slice(1) : shown;
}

/** The values of a field as a contour line has them; each entry of a list by itself, and the whole list. */
function textsOf(event: Event, field: string): readonly string[] {
  const value = subjectRecord(event)[field];
  if (value === undefined) return [];
  const kind = fieldsOf(event.op).find(([name]) => name === field)?.[1].kind;
  if (Array.isArray(value)) return [...(value as readonly string[]), (value as readonly string[]).join(",")];
  return [textOf(kind, value)];
}

function textOf(kind: string | undefined, value: FieldValue): string {
  if (kind === "octal") return `0${(value as number).toString(8)}`;
  if (kind === "id") return formatId(value as number);
  if (kind === "u64") return `0x${(value as bigint).toString(16)}`;
  return String(value);
}

function pathOrName(pattern: string): TextTest | { readonly problem: string } {
  return pattern.includes("/") ? pathPattern(pattern) : textPattern(pattern);
}

function numberOrText(pattern: string): TextTest | { readonly problem: string } {
  return /^[0-9]+\.\.[0-9]+$/.test(pattern) ? numberPattern(pattern) : textPattern(pattern);
}

function allFields(): ReadonlySet<string> {
  return new Set([...OWN_FIELDS, ...operationNames.flatMap((op) => fieldsOf(op).map(([name]) => name))]);
}

function sound<T>(found: T | { readonly problem: string }, word: string): T {
  if (typeof found === "object" && found !== null && "problem" in found)
    throw bad(`${quoted(word)}: expected ${found.problem}`);
  return found as T;
}

const quoted = (text: string) => JSON.stringify(text.slice(0, 60));

function bad(message: string): IsolineError {
  return new IsolineError("bad-query", message);
}
