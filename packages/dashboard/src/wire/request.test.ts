/** A question that is never answered, or not to its end. */
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  vi.stubGlobal("document", { baseURI: "http://verifier/" });
  vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => {}, removeItem: () => {} });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** What a question comes to in so many seconds, where each is answered so. */
async function asked(
  answer: (signal: AbortSignal) => Promise<Response>,
  seconds: number,
  ending = new AbortController(),
) {
  vi.stubGlobal("fetch", (_: URL, { signal }: { signal: AbortSignal }) => answer(signal));
  const { read } = await import("./request.ts");
  let came: unknown = "nothing";
  const done = read("nodes", {}, ending.signal).then(
    (value) => void (came = value),
    (fault: unknown) => void (came = fault),
  );
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  ending.abort(new Error("the view was left"));
  await Promise.race([done, vi.advanceTimersByTimeAsync(1)]);
  return came;
}

const never = (signal: AbortSignal) =>
  new Promise<Response>((_, fail) => signal.addEventListener("abort", () => fail(signal.reason as Error)));

/** The head comes, and half of the document. */
const half = async (signal: AbortSignal) => {
  const start = (body: ReadableStreamDefaultController<Uint8Array>) => {
    body.enqueue(Buffer.from('{"items": ['));
    signal.addEventListener("abort", () => body.error(signal.reason));
  };
  return new Response(new ReadableStream<Uint8Array>({ start }));
};

it.each([
  ["never", never],
  ["by half", half],
])("one that is answered %s is a fault after 30 s, which says what to do", async (_, answer) => {
  expect(await asked(answer, 31)).toMatchObject({
    kind: "unreachable",
    message:
      "Expected an answer of the verifier within 30 s, got none. It is slow, or too many tabs of it are open: close some.",
  });
});

it("one that is ended before is none", async () => {
  expect(await asked(never, 29)).toMatchObject({ message: "the view was left" });
});

it("one that is answered is not late", async () => {
  expect(await asked(async () => Response.json({ items: [] }), 31)).toEqual({ items: [] });
});

it("a pause that is over leaves nothing on the signal, which lasts as long as the page", async () => {
  const { pause } = await import("./request.ts");
  const { signal } = new AbortController();
  const pauses = [pause(1, signal), pause(2, signal)];
  expect(getEventListeners(signal, "abort")).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(2000);
  await Promise.all(pauses);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});
