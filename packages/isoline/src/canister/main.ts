/**
 * `isoline-runc`: the calls of runc that create processes for a container, or that need its supervisor. bin/isoline-runc passes
 * all others to runc itself.
 *
 * The threads take longest to start, so nothing is loaded before they are started, least of all foreign functions.
 */
import { canStartThreads, Threads } from "../namespace/threads.ts";

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const creates = process.env["ISOLINE_STATUS"] !== undefined || argv.includes("run");
  const threads = creates && canStartThreads() ? new Threads() : undefined;
  const { carryOut } = await import("./carry-out.ts");
  await carryOut(argv, threads);
}

// A script may not use await at its top level, and compiled code can be cached only for scripts (tools/code-cache.mjs).
void main();
