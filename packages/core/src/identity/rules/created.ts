/**
 * Rules `created` and `content-address`: a name that the namespace created at random is written by its creator and its order,
 * `{program#n}`, with its extension; a name that it derived from content is `$hash`.
 *
 * The effect of an event on the log is applied when the next event comes, so that an event that was refused can be withdrawn:
 * it created nothing, and its name must not count as the namespace's own.
 */
import { sha256 } from "../../digest.ts";
import type { Operation } from "../../event/operations.ts";
import { contentAddress, fanDepth, HASH } from "../content-address.ts";
import { CreationNumbers, UNNUMBERED } from "../creation-numbers.ts";
import { Creations, type Label, type Labelled } from "../creations.ts";
import type { Observation, Surroundings } from "../observation.ts";
import { PidNames } from "../pid-names.ts";
import { isRandomName, safeExtension } from "../random-name.ts";
import type { Firings } from "./table.ts";
import { momentIn } from "./timestamps.ts";

/** Estimated bytes of heap: some fifty thousand names. Sockets have a separate log. */
const LOG_CAPACITY = 16 * 2 ** 20;
const SOCKET_LOG_CAPACITY = 2 ** 20;
/** The directories of a fan-out have one or two digits; a name that is a whole digest is an entry. */
const FAN_NAME = /\/[0-9a-f]{1,2}$/;
const MAX_PROGRAM = 64;
const MAX_DELETED = 256;

/** Operations that change what names mean. A sensor must not answer them from its knowledge of earlier ones. */
const NAMING: ReadonlySet<Operation> = new Set<Operation>([
  "create",
  "mkdir",
  "mknod",
  "symlink",
  "link",
  "rename",
  "unlink",
  "rmdir",
  "bind",
]);

/** Whether an operation creates, moves or removes names. The lens has to get every one of these events. */
export function changesNames(operation: Operation): boolean {
  return NAMING.has(operation);
}

/** What is created: its requested mode and flags decide how random its name must look. */
export type Made = "file" | "directory" | "name";

export interface CreatedSwitches {
  readonly created: boolean;
  readonly contentAddress: boolean;
  readonly timestamp: boolean;
}

/** A label, and the group in which its number is counted. */
interface Judged {
  readonly label: Label;
  readonly kind?: string;
}

export class CreatedNames {
  readonly #switches: CreatedSwitches;
  readonly #isTemporary: (path: string) => boolean;
  readonly #numbers = new CreationNumbers();
  readonly #pids: PidNames;
  readonly #files: Creations;
  readonly #sockets: Creations;
  /** Files that had a label and were removed, but may still be open: raw path → levelled path, oldest first. */
  readonly #deleted = new Map<string, { readonly levelled: string; readonly random: boolean }>();
  #effect: (() => void) | undefined;

  constructor(
    switches: CreatedSwitches,
    surroundings: Surroundings,
    isTemporary: (path: string) => boolean,
    firings: Firings,
  ) {
    this.#switches = switches;
    this.#isTemporary = isTemporary;
    this.#pids = new PidNames(surroundings);
    const forgotten = () => firings.count("creations-forgotten");
    this.#files = new Creations(LOG_CAPACITY, forgotten);
    this.#sockets = new Creations(SOCKET_LOG_CAPACITY, forgotten);
  }

  /** Applies the last event. */
  settle(): void {
    const effect = this.#effect;
    this.#effect = undefined;
    effect?.();
  }

  /** Withdraws the last event, which was refused. */
  withdraw(): void {
    this.#effect = undefined;
  }

  forgetProcess(pid: number): void {
    this.#numbers.forget(pid);
  }

  labelsAlong(path: string): Labelled[] | undefined {
    return this.#files.size === 0 ? undefined : this.#files.along(path);
  }

  /** Whether a path is a directory that the namespace created as part of a store's fan-out. */
  isFan(path: string): boolean {
    this.settle();
    const label = this.#labelOf(path);
    return label?.rule === "content-address" && label.text === HASH && FAN_NAME.test(path);
  }

  /** Labels in an abstract socket name, which is given as a path: a slash and the name. */
  labelsInSocket(path: string): Labelled[] | undefined {
    return this.#sockets.size === 0 ? undefined : this.#sockets.along(path);
  }

  /** The former label of a removed file, for processes that still have it open. */
  deleted(path: string): string | undefined {
    return this.#deleted.get(path)?.levelled;
  }

  /** `path` is created: returns the label of its last component, or undefined if the name may stay. */
  creates(path: string, made: Made, at: Observation): Label | undefined {
    const judged = this.#judge(path, made, at);
    this.#effect = at.isUnproven ? undefined : () => this.#files.put(path, this.#numbered(judged, at));
    return judged?.label;
  }

  /** An abstract socket name is created; like `creates`. */
  bindsAbstract(path: string, at: Observation): Label | undefined {
    const judged = this.#judge(path, "name", at);
    this.#effect = () => this.#sockets.put(path, this.#numbered(judged, at));
    return judged?.label;
  }

  /**
   * `from` is moved to `to`; like `creates` for `to`. If something is replaced, the names below it are removed from the log: a
   * directory can only replace an empty one; if this one is not empty, the kernel will refuse the move, and nothing below it is
   * the namespace's own. A name that has a label keeps it: `sed -i` writes a file aside and moves it over the one that mktemp
   * named.
   */
  moves(from: string, to: string, replaces: boolean, at: Observation): Label | undefined {
    const known = replaces ? this.#labelOf(to) : undefined;
    if (known) {
      this.#effect = () => this.#files.moveOver(from, to);
      return known;
    }
    const judged = this.#judge(to, "name", at);
    this.#effect = () => {
      if (replaces) this.#files.forgetBelow(from);
      this.#files.move(from, to, this.#numbered(judged, at));
    };
    // If the kernel refuses it, the file that was there before still has this name.
    if (replaces && at.mayFail) this.#effect = () => this.#forget(from, to);
    return judged?.label;
  }

  /** Two names are exchanged. Both keep their labels. The names below them are removed from the log, in case the kernel refuses. */
  exchanges(a: string, b: string): void {
    this.#effect = () => {
      this.#files.forgetBelow(a);
      this.#files.forgetBelow(b);
    };
  }

  /** `path`, called `levelled`, is removed. */
  removes(path: string, levelled: string): void {
    this.#effect = () => {
      const labels = this.labelsAlong(path);
      this.#files.remove(path);
      if (labels) this.#remember(path, { levelled, random: labels.at(-1)?.end === path.length });
    };
  }

  #forget(...paths: readonly string[]): void {
    for (const path of paths) this.#files.remove(path);
  }

  #labelOf(path: string): Label | undefined {
    const last = this.labelsAlong(path)?.at(-1);
    return last?.end === path.length ? last.label : undefined;
  }

  #judge(path: string, made: Made, at: Observation): Judged | undefined {
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    const directories = path.slice(tail(path, slash), slash).split("/");
    if (this.#switches.contentAddress) {
      const label = addressLabel(name, directories, made);
      if (label) return { label };
    }
    if (!this.#switches.created || !this.#isRandom(path, name, directories.at(-1) ?? "", made, at)) {
      const label = this.#switches.timestamp ? momentIn(name) : undefined;
      return label && { label };
    }
    const extension = safeExtension(name);
    const kind = isOrdered(at) ? kindOf(path.slice(0, slash), extension, at) : undefined;
    const number = kind === undefined ? UNNUMBERED : this.#numbers.next(at.pid, kind);
    const fans = this.#switches.contentAddress ? fanDepth(directories) : 0;
    const label: Label = { text: `{${programOf(at)}#${number}}${extension}`, fans, rule: "created" };
    return kind === undefined ? { label } : { label, kind };
  }

  #isRandom(path: string, name: string, parent: string, made: Made, at: Observation): boolean {
    // A name that was random a moment ago stays random: git creates its probe first as a file, then as a link.
    if (this.#deleted.get(path)?.random) return true;
    const permissions = at.requestedMode === undefined ? undefined : at.requestedMode & 0o7777;
    return isRandomName(name, {
      program: at.program,
      exclusive: at.exclusive === true || made !== "file",
      permissions: made === "name" ? undefined : permissions,
      temporary: this.#isTemporary(path),
      parent,
      holdsPid: this.#pids.holdsPid(name, at.pid),
    });
  }

  /** The label for the log, with the number it has taken. */
  #numbered(judged: Judged | undefined, at: Observation): Label | undefined {
    if (judged?.kind === undefined) return judged?.label;
    const release = this.#numbers.take(at.pid, judged.kind);
    return release ? { ...judged.label, release } : judged.label;
  }

  #remember(path: string, removed: { readonly levelled: string; readonly random: boolean }): void {
    this.#deleted.delete(path);
    this.#deleted.set(path, removed);
    if (this.#deleted.size > MAX_DELETED) this.#deleted.delete(this.#deleted.keys().next().value as string);
  }
}

function addressLabel(name: string, directories: readonly string[], made: Made): Label | undefined {
  const text = contentAddress(name);
  if (text !== undefined) return { text, fans: fanDepth(directories), rule: "content-address" };
  const fans = made === "directory" ? fanDepth([...directories, name]) : 0;
  return fans > 0 ? { text: HASH, fans: fans - 1, rule: "content-address" } : undefined;
}

/** Threads create names in an order that differs from run to run. */
function isOrdered(at: Observation): boolean {
  return at.multithreaded !== true && at.tid === at.pid;
}

/** The position of the last seven directories of a path: the greatest depth of a store's fan-out. */
function tail(path: string, end: number): number {
  let start = end;
  for (let count = 0; count < 7 && start > 0; count += 1) start = path.lastIndexOf("/", start - 1);
  return start + 1;
}

/** Names of one kind are counted together. The directory is part of the kind as a digest, because kinds are kept and paths are long. */
function kindOf(directory: string, extension: string, at: Observation): string {
  return `${sha256(Buffer.from(directory, "utf8"))} ${extension} ${programOf(at)}`;
}

function programOf(at: Observation): string {
  return at.program.slice(at.program.lastIndexOf("/") + 1).slice(0, MAX_PROGRAM);
}
