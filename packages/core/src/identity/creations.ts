/**
 * The log of random names: which paths were created inside the namespace under a name that says nothing, and how they
 * are called instead.
 *
 * A tree by path component, so that a path outside it leaves at its first component, and a renamed directory takes all
 * below it along at no cost. What is kept is bounded by weight; beyond that the oldest names are forgotten (the paths
 * then stay as they are, which is a departure and never a match).
 */

/** How a logged component is written. */
export interface Label {
  readonly text: string;
  /** So many directories above it are a store's fan-out and written as `$hash` in paths that lead to it. */
  readonly fans: number;
  readonly rule: "created" | "content-address" | "timestamp" | "launch-user" | "canister";
  /** Called when the name is gone. */
  readonly release?: () => void;
}

/** A label of a path, and where in the path it stands. */
export interface Labelled {
  readonly start: number;
  readonly end: number;
  readonly label: Label;
}

interface Node {
  readonly name: string;
  parent: Node | undefined;
  label: Label | undefined;
  /** The labelled nodes are a ring in order of age, through the root. */
  older: Node | undefined;
  newer: Node | undefined;
  children: Map<string, Node>;
}

/** Rough heap of a node without its name: object, map and entry. */
const NODE_WEIGHT = 300;

export class Creations {
  readonly #capacity: number;
  readonly #forgotten: () => void;
  readonly #root = nodeOf("");
  #size = 0;
  #weight = 0;

  /** @param capacity rough bytes of heap @param forgotten called for each name that had to give way */
  constructor(capacity: number, forgotten: () => void) {
    this.#capacity = capacity;
    this.#forgotten = forgotten;
    this.#root.older = this.#root;
    this.#root.newer = this.#root;
  }

  get size(): number {
    return this.#size;
  }

  /** The labels along a path, in its order; nothing in most cases, and then at the cost of one failed lookup. */
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

  /** Something new is at `path`: whatever was known there is gone; without a label nothing is logged. */
  put(path: string, label: Label | undefined): void {
    this.remove(path);
    if (!label) return;
    const node = this.#ensure(path);
    this.#label(node, label);
    this.#fit();
  }

  /** Nothing is at `path` any more. */
  remove(path: string): void {
    const node = this.#find(path);
    if (node) this.#drop(node);
  }

  /** What was at `from` is now at `to`, where nothing was, with all below it; under a label of its own or none. */
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

  /** What was at `from` takes the place of what is at `to`, under its label. What was below either is not known any more. */
  moveOver(from: string, to: string): void {
    if (areNested(from, to)) return;
    this.remove(from);
    this.forgetBelow(to);
  }

  /** What is below `path` is not known any more; the path itself stays what it is called. */
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

  /** Takes a node out of the tree, and the parents that were there only for it; what is below it stays with it. */
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

  /** Forgets a node and everything below it. */
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

  /** An unlabelled node gets a label, and is the newest. */
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

/** Whether one path is the other or lies below it: the kernel moves nothing into itself or over what it is in. */
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

/** A slice of a string keeps all of it alive: a thousand short names could hold on to megabytes of paths. */
function ownCopy(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
