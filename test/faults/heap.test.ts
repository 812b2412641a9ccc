/** What one workload makes a supervising thread keep does not fill a small heap, whatever it does, and is counted all the same. */
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";

const SMALL_MEGABYTES = 64;
/** Of 16 KB each. */
const TIMES = 6000;

/** What a thread with a small heap tells in the end; the error where it ended before. */
async function kept(keeps: "departed" | "lost"): Promise<unknown> {
  const script = new URL("./heap-thread.mjs", import.meta.url);
  const resourceLimits = { maxOldGenerationSizeMb: SMALL_MEGABYTES };
  const thread = new Worker(script, { workerData: { keeps, times: TIMES }, resourceLimits });
  return new Promise((resolve) => thread.on("message", resolve).on("error", resolve));
}

describe.skipIf(!isBuilt)("a thread that serves namespaces (needs a build)", () => {
  it("has room for what thousands of children did, each in 16 000 letters, and trusts none of them", async () => {
    expect(await kept("departed")).toMatchObject({
      refused: TIMES,
      untrusted: TIMES,
      isAnyTrusted: false,
      departures: TIMES,
      childOfFirst: { trusted: false, inheritedFrom: 2, cause: { what: expect.stringMatching(/ letters\)…$/) } },
    });
  });

  it("has room for thousands of losses, each for a reason of its own", async () => {
    expect(await kept("lost")).toMatchObject({ lost: TIMES });
  });
});
