/** What the page reads again, and how often: a storm of changes, and a verifier that does not answer. */
import type { State } from "@isoline/verifier";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PagedVerifier } from "../../../../test/dashboard/paged-verifier.ts";

let stop = () => {};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  vi.stubGlobal("document", Object.assign(new EventTarget(), { baseURI: "http://verifier/", hidden: false }));
  vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => {}, removeItem: () => {} });
});
afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** So much time goes by for the page. */
const seconds = async (amount: number) => void (await vi.advanceTimersByTimeAsync(amount * 1000));

/** The page, a second after it began to look at this verifier. */
async function watching(verifier: PagedVerifier) {
  verifier.letGo();
  vi.stubGlobal("fetch", (address: URL, { signal }: { signal: AbortSignal }) => verifier.answer(address, signal));
  const page = await import("./fleet.ts");
  stop = page.watchFleet();
  await seconds(1);
  const node = (name: string) => page.nodes.peek().find((one) => one.name === name);
  return { ...page, node, stateOf: (name: string) => node(name)?.state };
}

const REFUSED = "The verifier answered with status 500.";
const isList = ({ asked }: PagedVerifier) => asked.at(-1)?.startsWith("nodes?limit=1000") === true;

describe("a storm of canisters that change", () => {
  const names = Array.from({ length: 60 }, (_, at) => `n${at}`);
  const lists = ({ asked }: PagedVerifier) => asked.filter((what) => what === "nodes?limit=1000").length;
  /** Hears it of each node at once. */
  const storm = (verifier: PagedVerifier) => {
    for (const name of names) verifier.tell(name, "web", "affirming", "contraindicated");
  };

  it("has the list read, with time between two, and no node by itself; nodes that say nothing are found meanwhile", async () => {
    const verifier = new PagedVerifier(...names);
    for (const name of names) verifier.canisters.set(name, { affirming: 1, contraindicated: 1 });
    const page = await watching(verifier);
    expect(page.nodes.peek().length).toBe(60);
    verifier.asked.length = 0;
    storm(verifier);
    await seconds(1);
    expect(lists(verifier)).toBe(1);
    for (let second = 2; second < 30; second += 4) {
      storm(verifier);
      await seconds(4);
    }
    expect(lists(verifier)).toBeLessThanOrEqual(2);
    verifier.states.set("silent", "unknown");
    await seconds(70);
    expect(verifier.asked.filter((what) => what.startsWith("nodes/"))).toEqual([]);
    expect(page.stateOf("silent")).toBe("unknown");
    for (const name of names) expect(page.node(name)?.canisters).toMatchObject({ affirming: 1, contraindicated: 1 });
  });

  it("keeps no node that is enrolled from being found, also where some nodes have to be read by themselves", async () => {
    const verifier = new PagedVerifier("a", "b");
    const page = await watching(verifier);
    expect(page.nodes.peek().length).toBe(2);
    verifier.states.set("silent", "unknown");
    // Each time that it is asked for by itself, another canister of it changes.
    verifier.onAnswer = async () => verifier.tell("a", "web", "affirming", "contraindicated");
    verifier.tell("a", "web", "affirming", "contraindicated");
    await seconds(20);
    expect(page.stateOf("silent")).toBe("unknown");
  });
});

describe("a node that is enrolled anew", () => {
  it.each<[State, State]>([
    ["affirming", "unknown"],
    ["unknown", "affirming"],
  ])("from %s to %s is read: its labels and its root of trust may be others", async (from, to) => {
    const verifier = new PagedVerifier("a");
    verifier.states.set("a", from);
    const page = await watching(verifier);
    verifier.others.set("a", { root: "none", labels: { region: "eu" } });
    verifier.turn("a", to);
    await seconds(2);
    expect(page.node("a")).toMatchObject({ state: to, root: "none", labels: { region: "eu" } });
  });
});

it("a node whose changes were lost is not kept as it was, also where another change of it comes before the list", async () => {
  const verifier = new PagedVerifier("a", "b");
  verifier.canisters.set("b", { affirming: 2 });
  const page = await watching(verifier);
  // Long after the list was read: what comes now is not in it already.
  await seconds(10);
  verifier.others.set("b", { labels: { region: "eu" } });
  verifier.canisters.set("b", { contraindicated: 2 });
  verifier.hold();
  verifier.reset();
  await seconds(1);
  verifier.tell("b", "web", "affirming", "contraindicated");
  await seconds(1);
  verifier.letGo();
  await seconds(5);
  expect(page.node("b")).toMatchObject({ labels: { region: "eu" }, canisters: { affirming: 0, contraindicated: 2 } });
});

/** In less than 40 s: then a stream that is silent is begun anew, and all is read again. */
describe("what could not be read", () => {
  it("is read again by itself, and a list of which a part came is told from a whole one until then", async () => {
    const verifier = new PagedVerifier("a", "b");
    verifier.refuses = () => verifier.asked.at(-1)?.includes("cursor") === true;
    const page = await watching(verifier);
    expect(page.loadFault.peek()).toBe(REFUSED);
    expect(page.nodes.peek().map(({ name }) => name)).toEqual(["a"]);
    expect(page.partial.peek()).toBe(true);
    verifier.refuses = () => false;
    await seconds(10);
    expect(page.stateOf("b")).toBe("affirming");
    expect([page.loadFault.peek(), page.partial.peek()]).toEqual([undefined, false]);
  });

  it("is said of the list until a list is read, whatever node is", async () => {
    const verifier = new PagedVerifier("a");
    const page = await watching(verifier);
    verifier.refuses = () => true;
    verifier.turn("new", "affirming");
    await seconds(2);
    expect([page.nodeFault.peek(), page.loadFault.peek()]).toEqual([REFUSED, undefined]);
    await page.reload();
    expect(page.loadFault.peek()).toBe(REFUSED);
    verifier.refuses = () => isList(verifier);
    await seconds(10);
    expect(page.stateOf("new")).toBe("affirming");
    expect([page.nodeFault.peek(), page.loadFault.peek()]).toEqual([undefined, REFUSED]);
    verifier.refuses = () => false;
    await seconds(17);
    expect(page.loadFault.peek()).toBeUndefined();
  });
});
