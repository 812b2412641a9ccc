/** A policy that is tried while the person goes on to something else. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

/** What the verifier answers, once it does. */
let answer: (body: object) => void;
const told: string[] = [];

beforeEach(() => {
  told.length = 0;
  vi.stubGlobal("document", { baseURI: "http://verifier/" });
  vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => {}, removeItem: () => {} });
  vi.stubGlobal("fetch", async (_address: URL, { signal }: { signal: AbortSignal }) => {
    const body = await new Promise<object>((go, fail) => {
      answer = go;
      signal.addEventListener("abort", () => fail(signal.reason as Error));
    });
    return Response.json(body);
  });
});
afterEach(() => void vi.unstubAllGlobals());

const begun = async () => {
  const { Trial } = await import("./trial.ts");
  return new Trial();
};
const nothing = { running: false };

describe("a trial", () => {
  it.each(["before the verifier answers", "as it answers"])("says nothing where it is forgotten %s", async (when) => {
    const trial = await begun();
    const run = trial.run("fleet", "{}", () => void told.push("a result"));
    expect(trial.tried.peek()).toEqual({ running: true });
    if (when === "as it answers") answer({ red: 3 });
    trial.forget();
    await run;
    expect([trial.tried.peek(), told]).toEqual([nothing, []]);
  });

  it("tells its result, and that of the last file alone", async () => {
    const trial = await begun();
    const first = trial.run("fleet", "{}", () => void told.push("the first"));
    const second = trial.run("fleet", "{ }", () => void told.push("the second"));
    answer({ red: 3 });
    await Promise.all([first, second]);
    expect(told).toEqual(["the second"]);
    expect(trial.tried.peek()).toEqual({ running: false, result: { red: 3 } });
  });

  it("takes the last file, however late an earlier one is read, and says why one cannot be", async () => {
    const trial = await begun();
    let read: (text: string) => void = () => {};
    const slow = trial.take({ size: 1, text: () => new Promise<string>((go) => (read = go)) }, 10);
    expect(await trial.take({ size: 1, text: async () => "the last" }, 10)).toBe("the last");
    read("an earlier one");
    expect(await slow).toBeUndefined();
    expect(trial.tried.peek()).toEqual(nothing);
    expect(await trial.take({ size: 11, text: async () => "" }, 10)).toBeUndefined();
    expect(trial.tried.peek().fault).toBe("Expected a file of at most 10 bytes, got 11.");
    expect(await trial.take({ size: 1, text: () => Promise.reject(new Error("it is gone")) }, 10)).toBeUndefined();
    expect(trial.tried.peek().fault).toBe("The file could not be read; choose it again. it is gone");
  });
});
