/**
 * Applies the rules `cache` and `output` to an event that is levelled already.
 *
 *   cargo: create target/debug/.fingerprint/app-1f…/invoked.timestamp     open access=cache path=$CWD/target/$any
 *   ld: unlink app, or create app, or open app to write                   open access=output path=$CWD/app
 *
 * Never changed: what is executed or mapped; devices, sockets and pipes; files of another user than the one who acts. Nor are
 * owners, attributes and set-user-id bits that are set; nor the other end of a move or a link that leaves the place; nor a link's
 * text that leads out of it.
 */
import type { Event, FieldValue } from "../../event/event.ts";
import { subjectRecord } from "../../event/event.ts";
import type { Operation } from "../../event/operations.ts";
import { Place, type PlaceRule, type ToolRule } from "./rule.ts";

type Fields = Readonly<Record<string, FieldValue>>;

/** The words that stand for all accesses. */
export const CACHE = "cache";
export const OUTPUT = "output";
export const STATE = "state";

const USED: ReadonlySet<Operation> = new Set<Operation>([
  "open",
  "create",
  "mkdir",
  "unlink",
  "rmdir",
  "truncate",
  "utimens",
  "chmod",
  "symlink",
]);
const WRITTEN: ReadonlySet<Operation> = new Set<Operation>(["create", "unlink", "truncate", "utimens", "chmod"]);
const MOVED: ReadonlySet<Operation> = new Set<Operation>(["rename", "link"]);

/** S_IFMT, S_IFREG, S_IFDIR, S_IFLNK */
const TYPE = 0o170000;
const ORDINARY: ReadonlySet<number> = new Set([0, 0o100000, 0o040000, 0o120000]);
const REGULAR = 0o100000;
const ANY_EXECUTE = 0o111;
/** Set-user-id and set-group-id. */
const RAISING = 0o6000;

export class ToolPlaces {
  readonly #caches: readonly Place[];
  readonly #outputs: readonly Place[];
  readonly #states: readonly Place[];
  readonly #programs: readonly Place[];

  constructor(rules: readonly ToolRule[]) {
    const of = (kind: PlaceRule["kind"]) =>
      rules.filter((rule): rule is PlaceRule => rule.kind === kind).map((rule) => new Place(rule));
    this.#caches = of("cache");
    this.#programs = of("program");
    this.#outputs = [...of("output"), ...this.#programs];
    this.#states = of("state");
  }

  get isEmpty(): boolean {
    return this.#caches.length + this.#outputs.length + this.#states.length === 0;
  }

  /** The event as these rules write it; `names` are those of the program that acts. Returns the same event if none applies. */
  apply(event: Event, names: readonly string[]): Event {
    const subject = subjectRecord(event);
    const path = subject["path"];
    if (typeof path !== "string" || !isOrdinary(event, subject)) return event;
    if (MOVED.has(event.op)) return this.#moved(event, subject, path, names);
    if (USED.has(event.op) && !(event.op === "symlink" && leadsOut(subject["content"]))) {
      const cache = this.#caches.find((place) => place.takes(path, names));
      if (cache) return asUse(event, CACHE, cache.text);
    }
    const isState = isUsed(event, subject) && this.#states.some((place) => place.takes(path, names));
    if (isState) return asUse(event, STATE, path);
    const places = isWritten(event, subject) ? this.#outputs : readsProgram(event, subject) ? this.#programs : [];
    return places.some((place) => place.takes(path, names)) ? asUse(event, OUTPUT, path) : event;
  }

  /** A move or a link from and to places that are written alike is a use of them. Of any other, only the end in a place is folded. */
  #moved(event: Event, subject: Fields, path: string, names: readonly string[]): Event {
    const to = subject["to"] as string;
    const [from, into] = [path, to].map((end) => this.#caches.find((place) => place.takes(end, names)));
    if (from && from.text === into?.text) return asUse(event, CACHE, from.text);
    const isOutput = (end: string) => this.#outputs.some((place) => place.takes(end, names));
    if (
      subject["replaces"] !== "exchange" &&
      this.#states.some((place) => place.takes(to, names)) &&
      isOwnOr(isOutput, path)
    )
      return asUse(event, STATE, to);
    if (isOutput(to) && subject["replaces"] !== "exchange" && (from !== undefined || isOwnOr(isOutput, path)))
      return asUse(event, OUTPUT, to);
    const ends = {
      path: from?.text ?? path,
      to: into?.text ?? to,
      // What was there before, and with which mode it is moved, depends on earlier runs.
      ...(event.op === "rename" && into ? { replaces: replacedBy(subject["replaces"]) } : {}),
    };
    if (ends.path === path && ends.to === to && ends.replaces === undefined) return event;
    return { ...event, subject: { ...subject, ...ends } } as unknown as Event;
  }
}

function asUse({ actor }: Event, access: string, path: string): Event {
  const subject = { access, path, mode: 0, uid: actor.credentials.fsuid, gid: actor.credentials.fsgid, fs: "disk" };
  return { op: "open", actor, subject };
}

/** An exchange is another act than a move. */
function replacedBy(replaces: FieldValue): string {
  return replaces === "exchange" ? "exchange" : "any";
}

/** A file, directory or link on a disk that belongs to the user who acts, and gets no rights by the act. */
function isOrdinary({ op, actor }: Event, subject: Fields): boolean {
  const { mode, uid, fs, to } = subject;
  if (typeof mode === "number" && (!ORDINARY.has(mode & TYPE) || (mode & RAISING) !== 0)) return false;
  if (op === "chmod" && ((to as number) & RAISING) !== 0) return false;
  return (uid === undefined || uid === actor.credentials.fsuid) && (fs === undefined || fs === "disk");
}

function isWritten({ op }: Event, { access, mode }: Fields): boolean {
  if (mode !== undefined && ((mode as number) & TYPE) !== 0 && ((mode as number) & TYPE) !== REGULAR) return false;
  if (WRITTEN.has(op)) return true;
  return op === "open" && String(access).split(",").includes("write");
}

function readsProgram({ op }: Event, { access, mode }: Fields): boolean {
  return (
    op === "open" &&
    access === "read" &&
    ((mode as number) & TYPE) === REGULAR &&
    ((mode as number) & ANY_EXECUTE) !== 0
  );
}

/** Whether a path is an output as well, or one that the namespace has made, in this run, under a name that is levelled. */
function isOwnOr(isOutput: (path: string) => boolean, path: string): boolean {
  return /\{[^/{}#]*#[^/{}]*\}/.test(path) || isOutput(path);
}

function isUsed(event: Event, subject: Fields): boolean {
  return isWritten(event, subject) || (event.op === "open" && String(subject["access"]).startsWith("read"));
}

/** Whether a link's text leads, or may lead, to another directory than the one that the link is in and those below it. */
function leadsOut(text: FieldValue): boolean {
  return typeof text !== "string" || text.startsWith("/") || text.startsWith("$") || text.split("/").includes("..");
}
