/** Changes that come while the page reads the fleet: what it reads may be older. */
import type { Change, NodeInList, State } from "@isoline/verifier";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const AT = "2026-11-27T00:00:00.000Z";

/** A verifier that the page asks by `fetch`: pages of half of its nodes, and the second page waits until it is let go. */
class PagedVerifier {
  readonly states = new Map<string, State>();
  readonly asked: string[] = [];
  /** Whether streams are opened; until then the page waits for one. */
  opens = true;
  /** What it waits for before it answers how many nodes there are. */
  counting: Promise<void> = Promise.resolve();
  /** Is called before each answer about one node. */
  onNode = async () => {};
  #letGo: (() => void)[] | undefined = [];
  #waiting: (() => void)[] = [];
  readonly #streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  #last = 0;

  constructor(...names: readonly string[]) {
    for (const name of names) this.states.set(name, "affirming");
  }

  /** Turns a node, and tells the pages that follow by then. */
  turn(node: string, to: Change["to"]): void {
    const change: Change = { at: AT, node, from: this.states.get(node) ?? "unknown", to };
    if (to === "gone") this.states.delete(node);
    else this.states.set(node, to);
    this.#last++;
    const event = Buffer.from(`id: ${this.#last}\nevent: change\ndata: ${JSON.stringify(change)}\n\n`);
    for (const stream of this.#streams) stream.enqueue(event);
  }

  letGo(): void {
    for (const go of this.#letGo ?? []) go();
    this.#letGo = undefined;
  }

  open(): void {
    this.opens = true;
    for (const go of this.#waiting) go();
    this.#waiting = [];
  }

  async answer(address: URL, signal: AbortSignal): Promise<Response> {
    const [, what, name] = address.pathname.slice(1).split("/");
    this.asked.push(`${what}${name === undefined ? "" : `/${name}`}${address.search}`);
    if (what === "changes") return await this.#stream(signal);
    if (name !== undefined) {
      await this.onNode();
      if (!this.states.has(name)) return Response.json({ error: { code: "not-found", message: "" } }, { status: 404 });
      return Response.json(this.#node(name));
    }
    const names = [...this.states.keys()];
    const isWhole = address.searchParams.get("limit") === "1";
    if (isWhole) await this.counting;
    const half = Math.ceil(names.length / 2);
    const isSecond = address.searchParams.has("cursor");
    const shown = isSecond ? names.slice(half) : names.slice(0, isWhole ? 1 : half);
    // What is read first is as it was then, however late the rest comes.
    const items = shown.map((one) => this.#node(one));
    const canisters = { unknown: this.states.size };
    const document = { items, counts: this.#counts(), canisters, ...(isSecond ? {} : { next: "2" }) };
    if (isSecond && this.#letGo !== undefined) await new Promise<void>((go) => this.#letGo?.push(go));
    return Response.json(document);
  }

  async #stream(signal: AbortSignal): Promise<Response> {
    if (!this.opens) await new Promise<void>((go) => this.#waiting.push(go));
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        this.#streams.push(stream);
        signal.addEventListener("abort", () => stream.error(signal.reason));
      },
    });
    return new Response(body);
  }

  #node(name: string): NodeInList {
    const state = this.states.get(name) ?? "unknown";
    const canisters = { affirming: 0, contraindicated: 0, unverifiable: 0, stale: 0 };
    return {
      name,
      id: "0".repeat(64),
      tenant: "t",
      labels: {},
      state,
      since: AT,
      enrolled: AT,
      root: "tpm",
      canisters,
    };
  }

  #counts(): Partial<Record<State, number>> {
    const counts: Partial<Record<State, number>> = {};
    for (const state of this.states.values()) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }
}

let stop = () => {};

beforeEach(() => {
  vi.stubGlobal("document", { baseURI: "http://verifier/" });
  vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => {}, removeItem: () => {} });
});
afterEach(() => {
  stop();
  vi.unstubAllGlobals();
});

/** The page, which looks at this verifier. */
async function watching(verifier: PagedVerifier) {
  vi.stubGlobal("fetch", (address: URL, { signal }: { signal: AbortSignal }) => verifier.answer(address, signal));
  // It looks for what a browser has as it is loaded.
  const page = await import("./fleet.ts");
  stop = page.watchFleet();
  return {
    ...page,
    stateOf: (name: string) => page.nodes.peek().find((node) => node.name === name)?.state,
    counts: () => Object.fromEntries(Object.entries(page.nodeCounts.peek()).filter(([, count]) => count > 0)),
  };
}

it("are not taken back by pages that were read before, and are counted", async () => {
  const verifier = new PagedVerifier("a", "b");
  const page = await watching(verifier);
  await expect.poll(() => page.liveness.peek().state).toBe("live");
  await expect.poll(() => page.stateOf("a")).toBe("affirming");
  const before = page.latest.peek().length;
  verifier.turn("a", "contraindicated");
  await expect.poll(() => page.latest.peek().length).toBe(before + 1);
  expect(page.stateOf("a")).toBe("contraindicated");
  verifier.letGo();
  await expect.poll(() => page.stateOf("b")).toBe("affirming");
  expect(page.stateOf("a")).toBe("contraindicated");
  await expect.poll(page.counts).toEqual({ affirming: 1, contraindicated: 1 });
});

it("are read where they come between the first list and the stream", async () => {
  const verifier = new PagedVerifier("a", "b");
  verifier.letGo();
  verifier.opens = false;
  const page = await watching(verifier);
  await expect.poll(() => page.loading.peek()).toBe(false);
  verifier.turn("a", "contraindicated");
  verifier.open();
  await expect.poll(() => page.stateOf("a"), { timeout: 10_000 }).toBe("contraindicated");
  await expect.poll(page.counts).toEqual({ affirming: 1, contraindicated: 1 });
});

it("are read with the whole list once more where there are many", async () => {
  const names = Array.from({ length: 60 }, (_, at) => `n${at}`);
  const verifier = new PagedVerifier(...names);
  const page = await watching(verifier);
  await expect.poll(() => page.liveness.peek().state).toBe("live");
  await expect.poll(() => page.stateOf("n0")).toBe("affirming");
  const before = page.latest.peek().length;
  for (const name of names.slice(0, 30)) verifier.turn(name, "stale");
  verifier.turn("new", "affirming");
  await expect.poll(() => page.latest.peek().length).toBe(before + 31);
  verifier.letGo();
  await expect.poll(() => names.map(page.stateOf)).toEqual(names.map((name) => verifier.states.get(name)));
  await expect.poll(page.counts).toEqual({ affirming: 31, stale: 30 });
  await expect.poll(() => page.stateOf("new")).toBe("affirming");
  const lists = verifier.asked.filter((what) => what === "nodes?limit=1000");
  expect(lists.length).toBeLessThanOrEqual(4);
});

it("are shown where a node is enrolled while the page reads for the last time what has changed", async () => {
  const verifier = new PagedVerifier("a", "b");
  const page = await watching(verifier);
  await expect.poll(() => page.liveness.peek().state).toBe("live");
  await expect.poll(() => page.stateOf("a")).toBe("affirming");
  let rounds = 0;
  verifier.onNode = async () => {
    if (++rounds <= 5) verifier.turn(rounds === 5 ? "new" : "a", rounds % 2 === 0 ? "affirming" : "contraindicated");
    // The page hears of it before it has its answer.
    await new Promise((go) => setTimeout(go, 20));
  };
  const before = page.latest.peek().length;
  verifier.turn("a", "contraindicated");
  await expect.poll(() => page.latest.peek().length).toBe(before + 1);
  verifier.letGo();
  await expect.poll(() => page.stateOf("new"), { timeout: 5000 }).toBe("contraindicated");
  expect(rounds).toBe(6);
});

describe("nodes that are gone", () => {
  it("leave the list and its counts, also those of canisters that the page does not know, and may come again", async () => {
    const verifier = new PagedVerifier("a", "b", "c");
    verifier.letGo();
    const page = await watching(verifier);
    await expect.poll(() => page.liveness.peek().state).toBe("live");
    await expect.poll(() => page.stateOf("c")).toBe("affirming");
    await expect.poll(() => page.loading.peek()).toBe(false);
    verifier.turn("b", "stale");
    verifier.turn("b", "gone");
    await expect.poll(() => page.stateOf("b")).toBeUndefined();
    await expect.poll(page.counts).toEqual({ affirming: 2 });
    await expect.poll(() => page.canisterCounts.peek()).toEqual({ unknown: 2 });
    expect(page.latest.peek()[0]).toMatchObject({ node: "b", from: "stale", to: "gone" });
    verifier.turn("b", "affirming");
    await expect.poll(() => page.stateOf("b")).toBe("affirming");
    await expect.poll(page.counts).toEqual({ affirming: 3 });
  });

  it("are not brought back by pages that were read before", async () => {
    const verifier = new PagedVerifier("a", "b");
    const page = await watching(verifier);
    await expect.poll(() => page.liveness.peek().state).toBe("live");
    await expect.poll(() => page.stateOf("a")).toBe("affirming");
    const before = page.latest.peek().length;
    verifier.turn("a", "gone");
    await expect.poll(() => page.latest.peek().length).toBe(before + 1);
    const shown = new Set<string>();
    const unheard = page.nodes.subscribe((all) => {
      for (const { name } of all) shown.add(name);
    });
    verifier.letGo();
    await expect.poll(() => page.stateOf("b")).toBe("affirming");
    expect(shown).toEqual(new Set(["b"]));
    unheard();
    await expect.poll(page.counts).toEqual({ affirming: 1 });
  });

  it("are counted no longer at once, however late the verifier says how many are left", async () => {
    const verifier = new PagedVerifier("a", "b", "c");
    verifier.letGo();
    const page = await watching(verifier);
    await expect.poll(() => page.liveness.peek().state).toBe("live");
    await expect.poll(() => page.stateOf("c")).toBe("affirming");
    // It has read the list by then, also once more after the stream was opened.
    await new Promise((go) => setTimeout(go, 200));
    let answer = () => {};
    verifier.counting = new Promise((go) => (answer = go));
    verifier.turn("b", "gone");
    await expect.poll(page.counts, { timeout: 5000 }).toEqual({ affirming: 2 });
    answer();
  });

  it("are not in the list that is read where many leave at once", async () => {
    const names = Array.from({ length: 60 }, (_, at) => `n${at}`);
    const verifier = new PagedVerifier(...names);
    const page = await watching(verifier);
    await expect.poll(() => page.liveness.peek().state).toBe("live");
    await expect.poll(() => page.stateOf("n0")).toBe("affirming");
    for (const name of names.slice(0, 50)) verifier.turn(name, "gone");
    verifier.letGo();
    await expect.poll(() => page.nodes.peek().map(({ name }) => name)).toEqual(names.slice(50));
    await expect.poll(page.counts).toEqual({ affirming: 10 });
    await expect.poll(() => page.canisterCounts.peek()).toEqual({ unknown: 10 });
  });
});
