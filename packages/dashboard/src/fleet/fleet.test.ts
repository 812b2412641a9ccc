/** Changes that come while the page reads the fleet: what it reads may be older. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PagedVerifier } from "../../../../test/dashboard/paged-verifier.ts";

let stop = () => {};

beforeEach(() => {
  vi.stubGlobal("document", Object.assign(new EventTarget(), { baseURI: "http://verifier/", hidden: false }));
  vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => {}, removeItem: () => {} });
});
afterEach(() => {
  stop();
  vi.useRealTimers();
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
    node: (name: string) => page.nodes.peek().find((node) => node.name === name),
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

it("are all there where there are many", async () => {
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

it("are shown where a node is enrolled while the page reads another one, which changes all the time", async () => {
  const verifier = new PagedVerifier("a", "b");
  const page = await watching(verifier);
  await expect.poll(() => page.liveness.peek().state).toBe("live");
  await expect.poll(() => page.stateOf("a")).toBe("affirming");
  let rounds = 0;
  verifier.onNode = async () => {
    if (++rounds <= 5)
      verifier.turn(rounds === 5 ? "newer" : "new", rounds % 2 === 0 ? "affirming" : "contraindicated");
    // The page hears of it before it has its answer.
    await new Promise((go) => setTimeout(go, 20));
  };
  const before = page.latest.peek().length;
  verifier.turn("new", "contraindicated");
  await expect.poll(() => page.latest.peek().length).toBe(before + 1);
  verifier.letGo();
  await expect.poll(() => page.stateOf("newer"), { timeout: 10_000 }).toBe("contraindicated");
  expect(page.stateOf("new")).toBe("affirming");
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

/** Before the stream, silent for 40 s, is begun anew and all is read again. */
const SOON = { timeout: 10_000 };

/** The page, when it has read all of this verifier's nodes, also once more because the stream began. */
async function settled(verifier: PagedVerifier, last: string) {
  verifier.letGo();
  const page = await watching(verifier);
  await expect.poll(() => page.liveness.peek().state).toBe("live");
  await expect.poll(() => page.stateOf(last)).toBeDefined();
  await expect.poll(() => page.loading.peek()).toBe(false);
  // The first list may have given way to the second one.
  await new Promise((go) => setTimeout(go, 200));
  return page;
}

describe("counts", () => {
  it("do not have a canister that ended", async () => {
    const verifier = new PagedVerifier("a");
    verifier.canisterCounts = { affirming: 50 };
    const page = await settled(verifier, "a");
    verifier.canisterCounts = { affirming: 49 };
    verifier.tell("a", "web", "affirming", "unknown");
    await expect.poll(() => page.latest.peek().length).toBe(1);
    await expect.poll(() => page.canisterCounts.peek(), SOON).toEqual({ affirming: 49 });
  });

  it("have nodes that were enrolled while the page was open and have not said anything", async () => {
    const verifier = new PagedVerifier("a");
    const page = await settled(verifier, "a");
    for (const name of ["s1", "s2", "s3"]) verifier.states.set(name, "unknown");
    verifier.turn("s1", "affirming");
    await expect.poll(page.counts, { timeout: 10_000 }).toEqual({ affirming: 2, unknown: 2 });
    expect(page.stateOf("s3")).toBe("unknown");
  });

  it("have such nodes also where nothing changes", async () => {
    vi.useFakeTimers({ toFake: ["setInterval"] });
    const verifier = new PagedVerifier("a");
    const page = await settled(verifier, "a");
    verifier.states.set("silent", "unknown");
    vi.advanceTimersByTime(30_000);
    await expect.poll(page.counts, SOON).toEqual({ affirming: 1, unknown: 1 });
  });

  it("of a node's canisters are right where the answer had a change already that comes after it", async () => {
    const verifier = new PagedVerifier("a");
    verifier.canisters.set("a", { affirming: 1, contraindicated: 1 });
    const page = await settled(verifier, "a");
    verifier.tell("a", "web", "affirming", "contraindicated");
    await expect.poll(() => page.latest.peek().length).toBe(1);
    await expect.poll(() => page.node("a")?.canisters, SOON).toMatchObject({ affirming: 1, contraindicated: 1 });
  });

  it("say that they may be old where they cannot be read, and are read again", async () => {
    const verifier = new PagedVerifier("a");
    const page = await settled(verifier, "a");
    const { countFault } = await import("./counts.ts");
    let isRefused = true;
    verifier.refuses = () => isRefused;
    verifier.turn("a", "stale");
    await expect.poll(() => countFault.peek(), SOON).toBe("The verifier answered with status 500.");
    isRefused = false;
    await expect.poll(() => countFault.peek(), { timeout: 10_000 }).toBeUndefined();
    expect(page.counts()).toEqual({ stale: 1 });
  });
});

describe("a node that is read by itself", () => {
  it("is not brought back where it went meanwhile", async () => {
    const verifier = new PagedVerifier("a");
    const page = await settled(verifier, "a");
    const heard = page.changesSeen.peek();
    verifier.onAnswer = async () => {
      verifier.turn("new", "gone");
      await expect.poll(() => page.changesSeen.peek()).toBe(heard + 2);
    };
    const shown = new Set<string>();
    const unheard = page.nodes.subscribe((all) => {
      for (const { name } of all) shown.add(name);
    });
    verifier.turn("new", "affirming");
    await expect.poll(() => page.changesSeen.peek()).toBe(heard + 2);
    await new Promise((go) => setTimeout(go, 100));
    expect(shown).toEqual(new Set(["a"]));
    unheard();
  });

  it("leaves the list where the verifier does not know it", async () => {
    const verifier = new PagedVerifier("a", "b");
    const page = await settled(verifier, "b");
    verifier.states.delete("b");
    verifier.tell("b", "web", "affirming", "stale");
    await expect.poll(() => page.nodes.peek().map(({ name }) => name), SOON).toEqual(["a"]);
  });
});

describe("of a fleet that is larger than the page keeps", () => {
  const names = Array.from({ length: 45_000 }, (_, at) => `n${String(at).padStart(5, "0")}`);
  const large = () => {
    const verifier = new PagedVerifier(...names);
    verifier.states.set("n44000", "contraindicated");
    verifier.letGo();
    return verifier;
  };
  const lists = ({ asked }: PagedVerifier) =>
    asked.filter((what) => what.startsWith("nodes?") && !what.endsWith("limit=1"));

  it("those are asked for that a filter wants which was there before, and one that comes to pass it is added", async () => {
    const verifier = large();
    const watched = watching(verifier);
    const page = await watched;
    page.filterBy("state=contraindicated");
    await expect.poll(() => page.stateOf("n44000"), { timeout: 10_000 }).toBe("contraindicated");
    await expect.poll(() => page.nodes.peek().length).toBe(1);
    verifier.turn("n44001", "contraindicated");
    await expect.poll(() => page.stateOf("n44001"), { timeout: 5000 }).toBe("contraindicated");
    await expect.poll(page.counts, { timeout: 10_000 }).toEqual({ affirming: 44_998, contraindicated: 2 });
  });

  it("a storm among those that it does not keep reads no list, and the counts are right", async () => {
    const verifier = large();
    const page = await watching(verifier);
    await expect.poll(() => page.capped.peek(), { timeout: 10_000 }).toBe(true);
    await expect.poll(() => page.liveness.peek().state).toBe("live");
    await new Promise((go) => setTimeout(go, 500));
    const before = lists(verifier).length;
    for (const name of names.slice(-30)) verifier.turn(name, "stale");
    await expect.poll(page.counts, { timeout: 10_000 }).toEqual({ affirming: 44_969, contraindicated: 1, stale: 30 });
    expect(lists(verifier).length).toBe(before);
    expect(verifier.asked.filter((what) => what.startsWith("nodes/"))).toEqual([]);
  });
});

it("are forgotten with all else that the person saw, when the sign-in ends", async () => {
  const verifier = new PagedVerifier("a");
  const page = await watching(verifier);
  const held = () =>
    Object.fromEntries(Object.entries(page).flatMap(([name, one]) => (isSignal(one) ? [[name, one.peek()]] : [])));
  const first = held();
  verifier.letGo();
  await expect.poll(() => page.liveness.peek().state).toBe("live");
  verifier.turn("a", "stale");
  await expect.poll(() => page.changed.peek().length).toBe(1);
  verifier.refuses = () => true;
  await page.reload();
  expect(page.loadFault.peek()).toBeDefined();
  stop();
  // How often the stream began says nothing of what a person saw.
  expect({ ...held(), opened: first["opened"] }).toEqual(first);
});

const isSignal = (held: unknown): held is { peek(): unknown } =>
  typeof held === "object" && held !== null && "peek" in held;
