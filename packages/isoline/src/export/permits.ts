/**
 * What a contour permits, without who does it: the form that the policies of other systems can say. Their rules are about a whole
 * service or container, and not about one program of it.
 */
import type { Contour } from "@isoline/core/contour";
import { type Event, type Operation, operationNames } from "@isoline/core/event";
import { parsePolicy } from "@isoline/core/identity";
import { type Places, RealPaths } from "@isoline/linux";

/** What is done to a file. `change` is its mode, owner, times or attributes; `make` and `remove` its name. */
export const uses = ["read", "list", "write", "make", "remove", "change", "map", "execute"] as const;
export type Use = (typeof uses)[number];

/** A place in the file system and what is done there. */
export interface FilePermit {
  /** Absolute, escaped as in a contour. */
  readonly path: string;
  /** Number of further components that may have any name; `Infinity` for any number of them. */
  readonly beyond: number;
  readonly uses: ReadonlySet<Use>;
}

export interface Endpoint {
  readonly op: "bind" | "listen" | "connect" | "accept" | "send";
  readonly family: string;
  readonly type: string;
  readonly address: string;
}

export interface Permits {
  /** Ascending by path. */
  readonly files: readonly FilePermit[];
  /** `family type`, ascending. */
  readonly sockets: readonly { readonly family: string; readonly type: string }[];
  readonly endpoints: readonly Endpoint[];
  /** Every operation that some point has. */
  readonly operations: ReadonlySet<Operation>;
  /** Union of the effective capabilities that tasks had. */
  readonly capabilities: bigint;
  /** Signals that are sent, by number. */
  readonly signals: readonly number[];
  /** Paths of the contour whose place in the file system cannot be determined, each with an act. */
  readonly unplaced: readonly string[];
  /** Names that stand for any name, as the contour has them. */
  readonly widened: readonly string[];
}

const MAKES: ReadonlySet<Operation> = new Set(["create", "mkdir", "mknod", "symlink"]);
const CHANGES: ReadonlySet<Operation> = new Set(["chmod", "chown", "setxattr", "removexattr", "utimens", "setflags"]);
const ENDPOINTS: ReadonlySet<Operation> = new Set(["bind", "listen", "connect", "accept", "send"]);
const FILE_TYPE = 0o170000;
const DIRECTORY = 0o040000;

export function permitsOf(contour: Contour, places: Places): Permits {
  const gathered = new Gathered(new RealPaths(places, parsePolicy(JSON.parse(contour.policy)).pseudonyms));
  for (let index = 0; index < contour.size; index++) gathered.take(contour.event(index));
  return gathered.finish();
}

class Gathered {
  readonly #paths: RealPaths;
  readonly #files = new Map<string, { path: string; beyond: number; uses: Set<Use> }>();
  readonly #sockets = new Map<string, { family: string; type: string }>();
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #operations = new Set<Operation>();
  readonly #signals = new Set<number>();
  readonly #unplaced = new Set<string>();
  readonly #widened = new Set<string>();
  #capabilities = 0n;

  constructor(paths: RealPaths) {
    this.#paths = paths;
  }

  take(event: Event): void {
    this.#operations.add(event.op);
    this.#capabilities |= event.actor.credentials.capabilities;
    for (const [path, use] of filesOf(event)) this.#file(path, use);
    if (event.op === "socket") {
      const { family, type } = event.subject;
      this.#sockets.set(`${family} ${type}`, { family, type });
    } else if (event.op === "kill") this.#signals.add(event.subject.signal);
    else if (ENDPOINTS.has(event.op)) {
      const { family, type, address } = event.subject as Omit<Endpoint, "op">;
      this.#endpoints.set(`${event.op} ${family} ${type} ${address}`, {
        op: event.op as Endpoint["op"],
        family,
        type,
        address,
      });
    }
  }

  finish(): Permits {
    return {
      files: inOrder(this.#files),
      sockets: inOrder(this.#sockets),
      endpoints: inOrder(this.#endpoints),
      operations: new Set(operationNames.filter((name) => this.#operations.has(name))),
      capabilities: this.#capabilities,
      signals: [...this.#signals].sort((a, b) => a - b),
      unplaced: [...this.#unplaced].sort(),
      widened: [...this.#widened].sort(),
    };
  }

  #file(levelled: string, use: Use): void {
    const reading = this.#paths.of(levelled);
    if (reading === "nowhere") return;
    if (reading === "unknown") {
      this.#unplaced.add(`${use} ${levelled}`);
      return;
    }
    for (const { path, beyond } of reading) {
      if (beyond > 0) this.#widened.add(levelled);
      const key = `${path}\n${beyond}`;
      const known = this.#files.get(key) ?? { path, beyond, uses: new Set<Use>() };
      known.uses.add(use);
      this.#files.set(key, known);
    }
  }
}

/** Each file of an event, as the contour names it, and what is done to it. */
function* filesOf(event: Event): Generator<readonly [path: string, use: Use]> {
  const { op, subject } = event;
  if (op === "exec") {
    yield [subject.path, "execute"];
    for (const image of subject.loader) yield [image.slice(0, image.lastIndexOf("@")), "execute"];
  } else if (op === "open") {
    const words = subject.access.split(",");
    const isDirectory = (subject.mode & FILE_TYPE) === DIRECTORY;
    if (words.includes("path")) return;
    if (words.includes("read") || words.includes("?")) yield [subject.path, isDirectory ? "list" : "read"];
    if (words.some((word) => word === "write" || word === "truncate" || word === "?")) yield [subject.path, "write"];
  } else if (op === "map") yield [subject.path, "map"];
  else if (op === "truncate") yield [subject.path, "write"];
  else if (op === "unlink" || op === "rmdir") yield [subject.path, "remove"];
  else if (op === "rename") {
    yield [subject.path, "remove"];
    yield [subject.to, "make"];
    if (subject.replaces !== "no") yield [subject.to, "remove"];
  } else if (op === "link") {
    yield [subject.path, "read"];
    yield [subject.to, "make"];
  } else if (MAKES.has(op)) {
    const { path, access } = subject as { path: string; access?: string };
    yield [path, "make"];
    if (access?.includes("read")) yield [path, "read"];
    if (access?.includes("write")) yield [path, "write"];
  } else if (CHANGES.has(op)) yield [(subject as { path: string }).path, "change"];
  else if (
    op === "bind" &&
    subject.family === "unix" &&
    /^[/$]/.test(subject.address) &&
    !/^\$(?:@|autobind)/.test(subject.address)
  )
    yield [subject.address, "make"];
  else if (
    op === "connect" &&
    subject.family === "unix" &&
    /^[/$]/.test(subject.address) &&
    !/^\$(?:@|autobind)/.test(subject.address)
  )
    yield [subject.address, "write"];
}

function inOrder<V>(found: ReadonlyMap<string, V>): V[] {
  return [...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value);
}
