/**
 * The log of random names: the paths that were created inside the namespace under a random name, and their labels.
 *
 * It is a tree by path component, so that the lookup of any other path ends at its first component, and renaming a directory
 * moves everything below it at no cost. The size is bounded; beyond the bound the oldest names are removed. Their paths then
 * keep their real names, which is a departure and never a false match.
 */

/** The label written in place of a component. */
export interface Label {
  readonly text: string;
  /** The number of directories above it that are a store's fan-out; they are written as `$hash` in paths that lead to it. */
  readonly fans: number;
  readonly rule: "created" | "content-address" | "timestamp" | "launch-user" | "canister" | "names";
  /** Called when the name is removed. */
  readonly release?: () => void;
}

/** A label, and the part of the path that it replaces. */
export interface Labelled {
  readonly start: number;
  readonly end: number;
  readonly label: Label;
}

interface Node {
  readonly name: string;
  parent: Node | undefined;
  label: Label | undefined;
  /** The labelled nodes form a ring in order of age, through the root. */
  older: Node | undefined;
  newer: Node | undefined;
  children: Map<string, Node>;
}

/** Estimated heap of a node without its name: object, map and entry. */
const NODE_WEIGHT = 300;

export class Creations {
  readonly #capacity: number;
  readonly #forgotten: () => void;
  readonly #root = nodeOf("");
  #size = 0;
  #weight = 0;

  /** @param capacity estimated bytes of heap @param forgotten called for each name that is removed to make room */
  constructor(capacity: number, forgotten: () => void) {
    this.#capacity = capacity;
    this.#forgotten = forgotten;
    this.#root.older = this.#root;
    this.#root.newer = this.#root;
  }

  get size(): number {
    return this.#size;
  }

  /** The labels along a path, in order. Usually there are none, and the cost is one failed lookup. */
  along(path: string): Labelled[] | undefined {
    let found: Labelled[] | undefined;
    let node: Node | undefined = this.#root;
    for (let start = 1; start <= path.length; ) {
      const slash = path.indexOf("/", start);
      const end = slash < 0 ? path.length : slash;
      node = node.children.get(path.slice(start, end));
      if (node === undefined) break;
      if (node.label) (found ??= []).push({ start, end, label: node.label });
      start = end + 1;
    }
    return found;
  }

  /** A new file exists at `path`: everything known there is removed. Without a label nothing is logged. */
  put(path: string, label: Label | undefined): void {
    this.remove(path);
    if (!label) return;
    const node = this.#ensure(path);
    this.#label(node, label);
    this.#fit();
  }

  /** Nothing exists at `path` any more. */
  remove(path: string): void {
    const node = this.#find(path);
    if (node) this.#drop(node);
  }

  /** The file at `from` is moved to `to`, where nothing existed, with everything below it. It gets its own label or none. */
  move(from: string, to: string, label: Label | undefined): void {
    if (areNested(from, to)) return label?.release?.();
    const node = this.#find(from);
    if (node) this.#detach(node);
    this.put(to, label);
    if (!node) return;
    this.#unlabel(node);
    if (node.children.size > 0) adopt(this.#ensure(to), node.children);
    this.#fit();
  }

  /** The file at `from` replaces the file at `to` and takes its label. Names below either are removed from the log. */
  moveOver(from: string, to: string): void {
    if (areNested(from, to)) return;
    this.remove(from);
    this.forgetBelow(to);
  }

  /** Removes the names below `path` from the log; the path itself keeps its label. */
  forgetBelow(path: string): void {
    const node = this.#find(path);
    if (!node) return;
    for (const child of [...node.children.values()]) this.#drop(child);
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (let start = 1; start <= path.length && node; ) {
      const slash = path.indexOf("/", start);
      const end = slash < 0 ? path.length : slash;
      node = node.children.get(path.slice(start, end));
      start = end + 1;
    }
    return node === this.#root ? undefined : node;
  }

  #ensure(path: string): Node {
    let node = this.#root;
    for (const name of path.slice(1).split("/")) {
      const known = node.children.get(name);
      if (known) node = known;
      else node = this.#hang(nodeOf(ownCopy(name)), node);
    }
    return node;
  }

  #hang(node: Node, parent: Node): Node {
    node.parent = parent;
    parent.children.set(node.name, node);
    this.#weight += weightOf(node);
    return node;
  }

  /** Removes a node from the tree, and the parents that existed only for it. The nodes below it stay attached to it. */
  #detach(node: Node): void {
    const parent = node.parent;
    if (!parent) return;
    parent.children.delete(node.name);
    node.parent = undefined;
    this.#weight -= weightOf(node);
    this.#prune(parent);
  }

  #prune(from: Node): void {
    let node: Node | undefined = from;
    while (node?.parent && !node.label && node.children.size === 0) {
      const parent: Node = node.parent;
      parent.children.delete(node.name);
      node.parent = undefined;
      this.#weight -= weightOf(node);
      node = parent;
    }
  }

  /** Removes a node and everything below it. */
  #drop(node: Node): void {
    this.#detach(node);
    this.#unlabel(node);
    const below = [...node.children.values()];
    for (let next = below.pop(); next; next = below.pop()) {
      this.#weight -= weightOf(next);
      this.#unlabel(next);
      for (const child of next.children.values()) below.push(child);
    }
  }

  /** Labels a node that has no label and makes it the newest. */
  #label(node: Node, label: Label): void {
    node.label = label;
    join(this.#root.older as Node, node);
    join(node, this.#root);
    this.#size += 1;
  }

  #unlabel(node: Node): void {
    if (!node.label) return;
    node.label.release?.();
    node.label = undefined;
    join(node.older as Node, node.newer as Node);
    node.older = undefined;
    node.newer = undefined;
    this.#size -= 1;
  }

  #fit(): void {
    while (this.#weight > this.#capacity && this.#size > 0) {
      const oldest = this.#root.newer as Node;
      this.#unlabel(oldest);
      this.#prune(oldest);
      this.#forgotten();
    }
  }
}

/** Whether one path is equal to the other or lies below it. The kernel refuses such a move. */
function areNested(a: string, b: string): boolean {
  const [outer, inner] = a.length < b.length ? [a, b] : [b, a];
  return inner === outer || inner.startsWith(outer === "/" ? outer : `${outer}/`);
}

function adopt(parent: Node, children: Map<string, Node>): void {
  parent.children = children;
  for (const child of children.values()) child.parent = parent;
}

function nodeOf(name: string): Node {
  return { name, parent: undefined, label: undefined, older: undefined, newer: undefined, children: new Map() };
}

function join(older: Node, newer: Node): void {
  older.newer = newer;
  newer.older = older;
}

function weightOf(node: Node): number {
  return NODE_WEIGHT + 2 * node.name.length;
}

/** A slice keeps the whole string alive: a thousand short names could keep megabytes of paths. So the name is copied. */
function ownCopy(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
