/** The nodes that the page has, loaded once and then kept right by the stream of changes. */
import type { Change, NodeInList, NodeList } from "@isoline/verifier";
import { batch, signal } from "@preact/signals";
import { followChanges, type Liveness } from "../wire/changes.ts";
import { Fault, sayFault } from "../wire/fault.ts";
import { pathOf, read } from "../wire/request.ts";
import { type Counts, moved, nodeAfter } from "./counting.ts";
import { atTheVerifier, parseFilter } from "./filter.ts";
import { type Loaded, loadAll } from "./load.ts";

/** Changes are taken in together, so that a storm of them costs one drawing. */
const TOGETHER = 200;
const MOST_CHANGES = 500;

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

let filterLine = "";
let loadingNow: AbortController | undefined;
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
        pending.push(change);
        timer ??= setTimeout(takeIn, TOGETHER);
      },
      liveness: (now) => void (liveness.value = now),
      resumed: () => void reload(),
    },
    end.signal,
  );
  return () => {
    end.abort();
    loadingNow?.abort();
    clearTimeout(timer);
    timer = undefined;
    pending = [];
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
    const partly = nodes.peek().length === 0 ? show : undefined;
    show(await loadAll<NodeInList, NodeList>("nodes", query, mine.signal, partly));
    batch(() => {
      loading.value = false;
      loadFault.value = undefined;
    });
  } catch (fault) {
    if (mine.signal.aborted) return;
    batch(() => {
      loading.value = false;
      loadFault.value = sayFault(fault);
    });
  }

  function show({ items, capped: more, first }: Loaded<NodeInList, NodeList>): void {
    batch(() => {
      nodes.value = items;
      capped.value = more || Object.keys(query).length > 0;
      nodeCounts.value = first.counts;
      canisterCounts.value = first.canisters;
    });
  }
}

function takeIn(): void {
  timer = undefined;
  const changes = pending;
  pending = [];
  const places = new Map(nodes.peek().map((node, index) => [node.name, index]));
  const after = [...nodes.peek()];
  const unknown = new Set<string>();
  let ofNodes = nodeCounts.peek();
  let ofCanisters = canisterCounts.peek();
  for (const change of changes) {
    const place = places.get(change.node);
    const node = place === undefined ? undefined : after[place];
    if (place !== undefined && node !== undefined) after[place] = nodeAfter(node, change);
    else unknown.add(change.node);
    if (change.label === undefined) ofNodes = moved(ofNodes, change.from, change.to);
    else ofCanisters = moved(ofCanisters, change.from, change.to);
  }
  batch(() => {
    nodes.value = after;
    nodeCounts.value = ofNodes;
    canisterCounts.value = ofCanisters;
    latest.value = [...changes.toReversed(), ...latest.peek()].slice(0, MOST_CHANGES);
    changesSeen.value += changes.length;
    changed.value = changes;
  });
  if (unknown.size > 20) void reload();
  else for (const name of unknown) void addNode(name);
}

/** A node that was enrolled after the list was loaded. */
async function addNode(name: string): Promise<void> {
  if (ending === undefined || capped.peek()) return;
  try {
    const node = await read<NodeInList>(pathOf("nodes", name), {}, ending.signal);
    if (!nodes.peek().some((other) => other.name === node.name)) nodes.value = [...nodes.peek(), node];
  } catch (fault) {
    if (!(fault instanceof Fault) || fault.kind !== "missing") loadFault.value = sayFault(fault);
  }
}
