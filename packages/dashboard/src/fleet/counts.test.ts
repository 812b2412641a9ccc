/** How often a page asks how many there are. */
import type { NodeList } from "@isoline/verifier";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

const page = Object.assign(new EventTarget(), { baseURI: "http://verifier/", hidden: false });
let ending: AbortController;
/** When it was asked, in seconds. */
let asked: number[];
let status: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"], now: 0 });
  page.hidden = false;
  vi.stubGlobal("document", page);
  vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => {}, removeItem: () => {} });
  [ending, asked, status] = [new AbortController(), [], 200];
  const counts = { affirming: 1, contraindicated: 0, revoked: 0, stale: 0, unknown: 0, unverifiable: 0 };
  const list: NodeList = { items: [], counts, canisters: counts };
  vi.stubGlobal("fetch", async () => {
    asked.push(Date.now() / 1000);
    return Response.json(list, { status });
  });
});
afterEach(() => {
  ending.abort();
  vi.restoreAllMocks();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const seconds = async (amount: number) => void (await vi.advanceTimersByTimeAsync(amount * 1000));

async function counting() {
  const { Recount } = await import("./counts.ts");
  return new Recount(
    ending.signal,
    () => 0,
    () => true,
  );
}

function see(hidden: boolean): void {
  page.hidden = hidden;
  page.dispatchEvent(new Event("visibilitychange"));
}

it.each([
  [0, [0, 3, 6]],
  [0.5, [0, 4.5, 9]],
])("does not ask when every other page does: with a chance of %d at %j s", async (chance, expected) => {
  vi.spyOn(Math, "random").mockReturnValue(chance);
  const counts = await counting();
  for (let second = 0; second < 10; second++) {
    if (asked.length < 3) counts.due();
    await seconds(1);
  }
  expect(asked).toEqual(expected);
});

it("asks a verifier that fails after longer and longer pauses, up to 30 s", async () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  status = 500;
  const counts = await counting();
  counts.due();
  await seconds(130);
  expect(asked).toEqual([0, 6, 12, 18, 26, 42, 72, 102]);
  status = 200;
  await seconds(25);
  expect(asked.slice(8)).toEqual([132, 150]);
});

it("does not ask while the page is hidden, and asks once when it can be seen", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const counts = await counting();
  see(true);
  for (let times = 0; times < 10; times++) {
    counts.due();
    await seconds(10);
  }
  expect(asked).toEqual([]);
  see(false);
  await seconds(10);
  expect(asked).toEqual([100]);
  see(true);
  see(false);
  await seconds(3);
  expect(asked).toEqual([100]);
});
