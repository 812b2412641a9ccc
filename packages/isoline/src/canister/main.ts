/**
 * `isoline-runc`: calls of runc that create processes for a container, or have to know of its supervisor. bin/isoline-runc
 * hands all others to runc itself.
 *
 * The threads take longest to start, so nothing is loaded before they are on their way, foreign functions least of all.
 */
import { Threads } from "../namespace/threads.ts";

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const creates = process.env["ISOLINE_STATUS"] !== undefined || argv.includes("run");
  const threads = creates ? new Threads() : undefined;
  const { carryOut } = await import("./carry-out.ts");
  await carryOut(argv, threads);
}

// A script may not wait at its top level, and of scripts compiled code can be kept (tools/code-cache.mjs).
void main();
