/** The program. Nothing heavy is imported here: a command imports what it needs, so that a workload starts soon. */
import { readEntry } from "../namespace/entry.ts";
import { canStartThreads, Threads, threadsHaveBegun } from "../namespace/threads.ts";
import { status } from "./ending.ts";

async function main(): Promise<never> {
  const argv = process.argv.slice(2);
  // Their code takes longest to load, so loading starts before the command line is parsed.
  const runsWorkload = ["learn", "check", "run"].includes(argv[0] ?? "");
  // With an agent they are its own.
  const isHandedOver =
    argv.slice(0, argv.indexOf("--")).includes("--agent") || (argv[0] === "namespace" && argv[1] === "begin");
  const threads = runsWorkload && !isHandedOver && canStartThreads() ? new Threads() : undefined;
  // Must be first: it removes the values of bin/isoline from the environment, which nothing else may see.
  const entry = readEntry();
  const { CommanderError } = await import("commander");
  const { isolineProgram } = await import("./program.ts");
  const program = isolineProgram(entry, argv, threads);
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (fault) {
    process.exitCode =
      fault instanceof CommanderError
        ? fault.exitCode === 0
          ? status.success
          : status.usage
        : (await import("./refusal.ts")).refuse(fault, program.running);
  }
  // Handles that a command left open (a socket, a timer) must not keep the process alive; all output is written already. Node
  // would end threads that are still loading native code, which aborts the whole process.
  if (threadsHaveBegun() || isHandedOver) {
    // A workload that ran has set the exit status. If none is set the result is unknown, which must not look like success.
    const nothing = program.running === undefined ? status.success : status.noWorkload;
    (await import("@isoline/linux")).leave(Number(process.exitCode ?? nothing));
  }
  process.exit();
}

// A script may not use await at its top level, and compiled code can be cached only for scripts (tools/code-cache.mjs).
void main();
