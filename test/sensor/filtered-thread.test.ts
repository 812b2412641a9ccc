/** The thread that starts the workload, from when it has the filter on. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isBuilt } from "./supervised.ts";

const program = fileURLToPath(new URL("filtered-thread.mjs", import.meta.url));

describe.skipIf(!isBuilt)("the thread with the filter (needs a build)", () => {
  it("makes no mediated call when it frees memory: with the heap's lock held, it would wait for threads that need that lock", () => {
    const { stdout, stderr, signal } = spawnSync(process.execPath, ["--no-lazy", "--no-opt", program], {
      encoding: "utf8",
      // Until the thread itself permits it, no heap is made smaller: so the first time is in that thread. Compiling frees memory too.
      env: { ...process.env, MALLOC_TRIM_THRESHOLD_: "2147483647" },
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    expect([stdout, stderr, signal]).toEqual(["freed\n", "", null]);
  });
});
