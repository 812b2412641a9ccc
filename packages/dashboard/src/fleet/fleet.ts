/** The nodes that the page has, loaded once and then kept right by the stream of changes. */
import type { Change, NodeInList, NodeList } from "@isoline/verifier";
import { batch, signal } from "@preact/signals";
import { stateOf } from "../model/states.ts";
import { followChanges, type Liveness } from "../wire/changes.ts";
import { Fault, sayFault } from "../wire/fault.ts";
import { pathOf, read } from "../wire/request.ts";
import { type Counts, moved, nodeAfter, without } from "./counting.ts";
import { atTheVerifier, parseFilter } from "./filter.ts";
import { type Loaded, loadAll } from "./load.ts";

/** Changes are taken in together, so that a storm of them costs one drawing. */
const TOGETHER = 200;
const MOST_CHANGES = 500;
/** Of so many nodes each is read by itself. */
const MOST_ALONE = 20;
/** So often the page reads anew what changed while it read. A fleet in which something changes all the time must not be read for ever. */
const MOST_ROUNDS = 5;

export const nodes = signal<readonly NodeInList[]>([]);
export const nodeCounts = signal<Counts>({});
export const canisterCounts = signal<Counts>({});
/** Whether the fleet has more nodes than the page keeps, so that the verifier has to filter. */
export const capped = signal(false);
export const loading = signal(true);
export const loadFault = signal<string | undefined>(undefined);
export const liveness = signal<Liveness>({ state: "connecting" });
/** The latest first. */
export const latest = signal<readonly Change[]>([]);
/** How many changes came since the page was opened, also those that are no longer kept. */
export const changesSeen = signal(0);
/** Every change, once, for what is shown beside the list: a node, a canister. */
export const changed = signal<readonly Change[]>([]);
/** How often the stream of changes was opened or reset. What was read before may lack changes then. */
export const opened = signal(0);

let filterLine = "";
let loadingNow: AbortController | undefined;
/** While the page reads: names of nodes that changed since it asked, so that the answer may be older than the change. */
let touched = new Set<string>();
/** Of these, the ones that are gone: the answer may have them yet. */
let gone = new Set<string>();
let recounting = false;
let pending: Change[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
let ending: AbortController | undefined;

/** Begins to load and to follow; gives what ends it. */
export function watchFleet(): () => void {
  const end = new AbortController();
  ending = end;
  void reload();
  void followChanges(
    {
      changed: (change) => {
        if (loadingNow !== undefined) {
          touched.add(change.node);
          if (change.to === "gone") gone.add(change.node);
          else gone.delete(change.node);
        }
        pending.push(change);
        timer ??= setTimeout(takeIn, TOGETHER);
      },
      liveness: (now) => void (liveness.value = now),
      opened: () => {
        opened.value++;
        void reload();
      },
    },
    end.signal,
  );
  return () => {
    end.abort();
    loadingNow?.abort();
    clearTimeout(timer);
    timer = undefined;
    pending = [];
    touched = new Set();
    gone = new Set();
    batch(() => {
      nodes.value = [];
      latest.value = [];
      nodeCounts.value = {};
      canisterCounts.value = {};
      capped.value = false;
      loading.value = true;
    });
  };
}

/** Where not all nodes fit, a new filter line is a new question to the verifier. */
export function filterBy(line: string): void {
  const before = JSON.stringify(atTheVerifier(parseFilter(filterLine)));
  filterLine = line;
  if (capped.peek() && JSON.stringify(atTheVerifier(parseFilter(line))) !== before) void reload();
}

export async function reload(): Promise<void> {
  loadingNow?.abort();
  const mine = new AbortController();
  loadingNow = mine;
  const query = capped.peek() ? atTheVerifier(parseFilter(filterLine)) : {};
  try {
    await list(nodes.peek().length === 0);
    batch(() => {
      loading.value = false;
      loadFault.value = undefined;
    });
    for (let round = 0; touched.size > 0 && round < MOST_ROUNDS; round++) await readTouched();
  } catch (fault) {
    if (mine.signal.aborted) return;
    batch(() => {
      loading.value = false;
      loadFault.value = sayFault(fault);
    });
  } finally {
    if (loadingNow === mine) {
      loadingNow = undefined;
      // Those that changed in the last round, and were not read.
      const left = new Set([...touched].filter((name) => !isKnown(name)));
      touched = new Set();
      if (!mine.signal.aborted) addUnknown(left);
    }
  }

  async function list(partly: boolean): Promise<void> {
    touched = new Set();
    gone = new Set();
    const loaded = await loadAll<NodeInList, NodeList>("nodes", query, mine.signal, partly ? show : undefined);
    mine.signal.throwIfAborted();
    show(loaded);
  }

  function show({ items, capped: more, first }: Loaded<NodeInList, NodeList>): void {
    takeIn();
    const known = new Map(nodes.peek().map((node) => [node.name, node]));
    batch(() => {
      nodes.value = items
        .filter(({ name }) => !gone.has(name))
        .map((node) => (touched.has(node.name) ? (known.get(node.name) ?? node) : node));
      capped.value = more || Object.keys(query).length > 0;
      nodeCounts.value = first.counts;
      canisterCounts.value = first.canisters;
    });
  }

  /** What the list said of these nodes may be older than their changes, and so may its counts. */
  async function readTouched(): Promise<void> {
    const names = [...touched];
    if (names.length > MOST_ALONE) return await list(false);
    touched = new Set();
    const counting = read<NodeList>("nodes", { ...query, limit: "1" }, mine.signal);
    const [{ counts, canisters }] = await Promise.all([counting, ...names.map((name) => readNode(name, mine.signal))]);
    takeIn();
    batch(() => {
      nodeCounts.value = counts;
      canisterCounts.value = canisters;
    });
  }
}

function takeIn(): void {
  clearTimeout(timer);
  timer = undefined;
  if (pending.length === 0) return;
  const changes = pending;
  pending = [];
  const places = new Map(nodes.peek().map((node, index) => [node.name, index]));
  const after: (NodeInList | undefined)[] = [...nodes.peek()];
  const unknown = new Set<string>();
  let isAnyGone = false;
  let ofNodes = nodeCounts.peek();
  let ofCanisters = canisterCounts.peek();
  for (const change of changes) {
    const place = places.get(change.node);
    const node = place === undefined ? undefined : after[place];
    if (change.to === "gone") {
      isAnyGone = true;
      ofNodes = without(ofNodes, { [stateOf(change.from)]: 1 });
      ofCanisters = without(ofCanisters, node?.canisters ?? {});
      if (place !== undefined) after[place] = undefined;
      places.delete(change.node);
      unknown.delete(change.node);
      continue;
    }
    if (place !== undefined && node !== undefined) after[place] = nodeAfter(node, change);
    else unknown.add(change.node);
    if (change.label === undefined) ofNodes = moved(ofNodes, change.from, change.to);
    else ofCanisters = moved(ofCanisters, change.from, change.to);
  }
  batch(() => {
    nodes.value = after.filter((node) => node !== undefined);
    nodeCounts.value = ofNodes;
    canisterCounts.value = ofCanisters;
    latest.value = [...changes.toReversed(), ...latest.peek()].slice(0, MOST_CHANGES);
    changesSeen.value += changes.length;
    changed.value = changes;
  });
  // What is being read goes on to read these.
  if (loadingNow !== undefined) return;
  addUnknown(unknown);
  if (isAnyGone) void recount();
}

/** The page does not know all canisters that a node had: of one that is not in its list none, of others those of four states. */
async function recount(): Promise<void> {
  if (recounting || ending === undefined) return;
  const { signal: isOver } = ending;
  const query = capped.peek() ? atTheVerifier(parseFilter(filterLine)) : {};
  recounting = true;
  try {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const seen = changesSeen.peek();
      const { counts, canisters } = await read<NodeList>("nodes", { ...query, limit: "1" }, isOver);
      if (loadingNow !== undefined) return;
      // What changed meanwhile may be newer than the answer.
      if (pending.length > 0 || changesSeen.peek() !== seen) continue;
      nodeCounts.value = counts;
      canisterCounts.value = canisters;
      return;
    }
  } catch (fault) {
    if (!isOver.aborted) loadFault.value = sayFault(fault);
  } finally {
    recounting = false;
  }
}

function addUnknown(names: ReadonlySet<string>): void {
  if (names.size > MOST_ALONE) void reload();
  else for (const name of names) void addNode(name);
}

const isKnown = (name: string) => nodes.peek().some((node) => node.name === name);

/** A node that was enrolled after the list was loaded. */
async function addNode(name: string): Promise<void> {
  if (ending === undefined) return;
  try {
    await readNode(name, ending.signal);
  } catch (fault) {
    if (!ending.signal.aborted) loadFault.value = sayFault(fault);
  }
}

/** Reads a node, and puts it in place of what the page has of it. Where the page keeps not all, it adds none. */
async function readNode(name: string, signal: AbortSignal): Promise<void> {
  if (capped.peek() && !isKnown(name)) return;
  try {
    const node = await read<NodeInList>(pathOf("nodes", name), {}, signal);
    if (signal.aborted) return;
    // What changed meanwhile may be newer than the answer.
    if (!isKnown(name)) nodes.value = [...nodes.peek(), node];
    else if (!touched.has(name)) nodes.value = nodes.peek().map((one) => (one.name === name ? node : one));
  } catch (fault) {
    if (!(fault instanceof Fault) || fault.kind !== "missing") throw fault;
  }
}
