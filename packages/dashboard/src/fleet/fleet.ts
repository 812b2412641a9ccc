/** The nodes that the page has, loaded once and then kept right by the stream of changes. */
import type { Change, NodeInList, NodeList } from "@isoline/verifier";
import { batch, computed, signal } from "@preact/signals";
import { followChanges, type Liveness } from "../wire/changes.ts";
import { Fault, sayFault } from "../wire/fault.ts";
import { backOff, pathOf, pause, read } from "../wire/request.ts";
import { countsOf, nodeAfter } from "./counting.ts";
import { Recount, tell, told } from "./counts.ts";
import { atTheVerifier, isAskedFor, parseFilter, type Query } from "./filter.ts";
import { loadAll, MOST_ITEMS } from "./load.ts";
import { forgetPerson, ofPerson } from "./person.ts";

/** Changes are taken in together, so that a storm of them costs one drawing. */
const TOGETHER = 200;
const MOST_CHANGES = 500;
/** So many nodes are read by themselves at once; for more than that, the list is read. */
const MOST_ALONE = 20;
/** Between two lists that changes made necessary: a storm must not have the fleet read for ever. */
const BETWEEN_LISTS = 30_000;
/** An answer may have a change whose event comes so much later. */
const LATEST_EVENT = 5_000;

export const nodes = ofPerson<readonly NodeInList[]>([]);
/** Whether the fleet has more nodes than the page keeps, so that the verifier has to filter. */
export const capped = ofPerson(false);
/** Whether `nodes` are all that there are. */
const whole = ofPerson(false);
/** Of all nodes that the person may see, also of those that the page does not keep. */
export const nodeCounts = computed(() => (whole.value ? countsOf(nodes.value) : told.value.nodes));
export const canisterCounts = computed(() => told.value.canisters);
export const loading = ofPerson(true);
/** Why the list could not be read; it is asked for again. */
export const loadFault = ofPerson<string | undefined>(undefined);
/** Whether `nodes` are only those pages of the first list that have come. */
export const partial = ofPerson(false);
/** Why nodes that changed could not be read by themselves; they are asked for again. */
export const nodeFault = ofPerson<string | undefined>(undefined);
export const liveness = ofPerson<Liveness>({ state: "connecting" });
/** The latest first. */
export const latest = ofPerson<readonly Change[]>([]);
/** How many changes came since the page was opened, also those that are no longer kept. */
export const changesSeen = ofPerson(0);
/** Every change, once, for what is shown beside the list: a node, a canister. */
export const changed = ofPerson<readonly Change[]>([]);
/** How often the stream of changes was opened or reset. What was read before may lack changes then. */
export const opened = signal(0);

const filterLine = ofPerson("");
let watch: Watch | undefined;

/** Begins to load and to follow; gives what ends it, and forgets all that the person saw. */
export function watchFleet(): () => void {
  const mine = new Watch();
  watch = mine;
  return () => {
    mine.end();
    watch = undefined;
    forgetPerson();
  };
}

/** Where not all nodes fit, a new filter line is a new question to the verifier. */
export function filterBy(line: string): void {
  const before = JSON.stringify(query());
  filterLine.value = line;
  if (JSON.stringify(query()) !== before) void reload();
}

export const reload = async (): Promise<void> => await watch?.reload();

const query = (): Query => (capped.peek() ? atTheVerifier(parseFilter(filterLine.peek())) : {});

/** What changed since something was asked, so that the answer may be older. */
interface Meanwhile {
  readonly touched: Set<string>;
  /** Of these, the ones that are gone: the answer may have them yet. */
  readonly gone: Set<string>;
}

class Watch {
  readonly #ending = new AbortController();
  readonly #asking = new Set<Meanwhile>();
  readonly #recount: Recount;
  /** Nodes that changed and that the page does not have, or has as they were before. */
  readonly #missing = new Set<string>();
  /** Nodes that may be other than shown: enrolled anew, or with canisters counted twice, by an answer and a change that came after it. */
  readonly #doubtful = new Set<string>();
  readonly #readAt = new Map<string, number>();
  #listedAt = 0;
  #listedAgainAt = Number.NEGATIVE_INFINITY;
  /** How many nodes the verifier counted when the list was last read because of that. */
  #otherTotal: number | undefined;
  #listing: AbortController | undefined;
  /** How often in a row the list could not be read, and when it is next. */
  #failures = 0;
  #again: ReturnType<typeof setTimeout> | undefined;
  /** Whether no list has come as a whole. */
  #isFirst = true;
  #isReading = false;
  #heard = 0;
  #pending: Change[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const ending = this.#ending.signal;
    this.#recount = new Recount(
      ending,
      () => this.#heard,
      (total) => this.#compare(total),
    );
    void this.reload();
    const liveNow = (now: Liveness) => void (liveness.value = now);
    const beginAnew = () => {
      opened.value += 1;
      void this.reload();
    };
    const reset = () => {
      this.#forget();
      beginAnew();
    };
    void followChanges(
      { changed: (change) => this.#hear(change), liveness: liveNow, opened: beginAnew, reset },
      ending,
    );
  }

  /** Of nodes that were read before the verifier was set back, changes are lost: no later change makes them right. */
  #forget(): void {
    this.#takeIn();
    this.#missing.clear();
    this.#doubtful.clear();
    this.#readAt.clear();
    this.#isFirst = true;
    batch(() => {
      nodes.value = [];
      whole.value = false;
      partial.value = false;
      loading.value = true;
    });
  }

  end(): void {
    this.#ending.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#again);
    this.#pending = [];
  }

  /** Reads the list. What changes meanwhile stays as the change says. */
  async reload(): Promise<void> {
    this.#listing?.abort();
    clearTimeout(this.#again);
    const mine = new AbortController();
    this.#listing = mine;
    const ending = AbortSignal.any([mine.signal, this.#ending.signal]);
    const asked = query();
    const settled = [...this.#missing, ...this.#doubtful];
    const meanwhile = this.#ask();
    let isCounted = Object.keys(asked).length > 0;
    const count = (first: NodeList) => {
      if (!isCounted) tell(first);
      isCounted = true;
    };
    try {
      const loaded = await loadAll<NodeInList, NodeList>("nodes", { ...asked }, ending, ({ items, first }) => {
        if (ending.aborted) return;
        count(first);
        // A list that begins anew has less at first than the one that it took the place of.
        if (!this.#isFirst || items.length < nodes.peek().length) return;
        batch(() => {
          this.#show(items, meanwhile);
          partial.value = true;
        });
      });
      ending.throwIfAborted();
      batch(() => {
        count(loaded.first);
        this.#show(loaded.items, meanwhile);
        capped.value = loaded.capped || Object.keys(asked).length > 0;
        whole.value = !capped.peek();
        loading.value = false;
        loadFault.value = undefined;
        partial.value = false;
      });
      this.#isFirst = false;
      this.#failures = 0;
      this.#readAt.clear();
      for (const name of settled) if (!meanwhile.touched.has(name)) this.#settle(name);
      const listed = new Set(loaded.items.map(({ name }) => name));
      for (const name of meanwhile.touched)
        if (!capped.peek() && !listed.has(name) && !meanwhile.gone.has(name)) this.#missing.add(name);
    } catch (fault) {
      if (ending.aborted) return;
      batch(() => {
        loading.value = false;
        loadFault.value = sayFault(fault);
      });
      this.#failures += 1;
      this.#again = setTimeout(() => void this.reload(), backOff(this.#failures) * 1000);
    } finally {
      this.#asking.delete(meanwhile);
      if (this.#listing === mine) this.#listing = undefined;
    }
    if (meanwhile.touched.size > 0) this.#recount.due();
    // The filter may have been set before it was known that the verifier has to filter.
    if (JSON.stringify(query()) !== JSON.stringify(asked)) return await this.reload();
    void this.#readWaiting();
  }

  #show(items: readonly NodeInList[], { touched, gone }: Meanwhile): void {
    this.#takeIn();
    const known = new Map(nodes.peek().map((node) => [node.name, node]));
    this.#listedAt = Date.now();
    nodes.value = items
      .filter(({ name }) => !gone.has(name))
      .map((node) => (touched.has(node.name) ? (known.get(node.name) ?? node) : node));
  }

  #ask(): Meanwhile {
    const meanwhile = { touched: new Set<string>(), gone: new Set<string>() };
    this.#asking.add(meanwhile);
    return meanwhile;
  }

  #hear(change: Change): void {
    this.#heard += 1;
    for (const { touched, gone } of this.#asking) {
      touched.add(change.node);
      if (change.to === "gone") gone.add(change.node);
      else gone.delete(change.node);
    }
    this.#pending.push(change);
    this.#timer ??= setTimeout(() => this.#takeIn(), TOGETHER);
  }

  #takeIn(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    const changes = this.#pending;
    this.#pending = [];
    const places = new Map(nodes.peek().map((node, index) => [node.name, index]));
    const after: (NodeInList | undefined)[] = [...nodes.peek()];
    for (const change of changes) {
      const { node: name, label } = change;
      const place = places.get(name);
      const node = place === undefined ? undefined : after[place];
      if (change.to === "gone") {
        if (place !== undefined) after[place] = undefined;
        places.delete(name);
        this.#settle(name);
        this.#readAt.delete(name);
      } else if (place !== undefined && node !== undefined) {
        after[place] = nodeAfter(node, change);
        if (label === undefined ? isOther(change) : this.#isFresh(name)) this.#doubtful.add(name);
      } else if (mayBeKept(change)) this.#missing.add(name);
    }
    batch(() => {
      nodes.value = after.filter((node) => node !== undefined);
      latest.value = [...changes.toReversed(), ...latest.peek()].slice(0, MOST_CHANGES);
      changesSeen.value += changes.length;
      changed.value = changes;
    });
    this.#recount.due();
    void this.#readWaiting();
  }

  /** Whether it was read so lately that the answer may have had a change already that comes now. */
  #isFresh(name: string): boolean {
    return Date.now() - Math.max(this.#listedAt, this.#readAt.get(name) ?? 0) < LATEST_EVENT;
  }

  #settle(name: string): void {
    this.#missing.delete(name);
    this.#doubtful.delete(name);
  }

  /** Reads one by one what is missing or doubtful, until nothing is; where that is much, with the next list that may be read. */
  async #readWaiting(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    let failures = 0;
    while (this.#listing === undefined && !this.#ending.signal.aborted) {
      const names = [...new Set([...this.#missing, ...this.#doubtful])];
      if (names.length === 0) {
        nodeFault.value = undefined;
        break;
      }
      if (names.length > MOST_ALONE) {
        if (this.#mayListAgain()) {
          void this.reload();
          break;
        }
        await pause(1, this.#ending.signal).catch(() => undefined);
        continue;
      }
      try {
        await Promise.all(names.map((name) => this.#readNode(name)));
        nodeFault.value = undefined;
        failures = 0;
      } catch (fault) {
        if (this.#ending.signal.aborted) break;
        nodeFault.value = sayFault(fault);
        failures += 1;
      }
      const wait = failures === 0 ? Math.max(0.3, names.length / 5) : backOff(failures);
      await pause(wait, this.#ending.signal).catch(() => undefined);
    }
    this.#isReading = false;
  }

  /** Reads a node, and puts it in place of what the page has of it. */
  async #readNode(name: string): Promise<void> {
    const ending = this.#ending.signal;
    this.#takeIn();
    const meanwhile = this.#ask();
    let node: NodeInList | undefined;
    try {
      node = await read<NodeInList>(pathOf("nodes", name), {}, ending);
    } catch (fault) {
      if (!(fault instanceof Fault) || fault.kind !== "missing") throw fault;
    } finally {
      this.#asking.delete(meanwhile);
    }
    ending.throwIfAborted();
    const isOld = meanwhile.touched.has(name);
    if (isOld && meanwhile.gone.has(name)) return this.#settle(name);
    if (!isOld) {
      this.#settle(name);
      if (node === undefined) this.#readAt.delete(name);
      else this.#readAt.set(name, Date.now());
    }
    const all = nodes.peek();
    const isKnown = all.some((one) => one.name === name);
    if (node === undefined) {
      if (!isOld) nodes.value = all.filter((one) => one.name !== name);
    } else if (isKnown) {
      const now = node;
      if (!isOld) nodes.value = all.map((one) => (one.name === name ? now : one));
    } else if (!capped.peek() || (all.length < MOST_ITEMS && isAskedFor(query(), node))) nodes.value = [...all, node];
  }

  #mayListAgain(): boolean {
    const now = Date.now();
    if (now - this.#listedAgainAt < BETWEEN_LISTS) return false;
    this.#listedAgainAt = now;
    return true;
  }

  /** An enrolment is no change: a node that has not said anything yet is found by the number of all. Gives whether it could be. */
  #compare(total: number): boolean {
    if (!whole.peek() || total === this.#otherTotal) return true;
    this.#otherTotal = undefined;
    if (total === nodes.peek().length) return true;
    const isSettled = this.#listing === undefined && this.#missing.size === 0;
    if (!isSettled || !this.#mayListAgain()) return false;
    this.#otherTotal = total;
    void this.reload();
    return true;
  }
}

/** Whether a change of a node may come with another root of trust or other labels: it was enrolled anew, or is heard of first. */
const isOther = ({ from, to }: Change): boolean => from === "unknown" || to === "unknown";

/** Whether a node that the page does not have may be one that it keeps, now that it changed. */
function mayBeKept({ label, to }: Change): boolean {
  if (!capped.peek()) return true;
  const { state } = query();
  return nodes.peek().length < MOST_ITEMS && label === undefined && (state ?? to) === to;
}
