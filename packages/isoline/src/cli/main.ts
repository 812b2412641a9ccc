/**
 * The program. Nothing heavy is imported here: a command brings what it needs, so that a workload starts soon.
 */
import { readEntry } from "../namespace/entry.ts";
import { Threads } from "../namespace/threads.ts";
import { status } from "./ending.ts";

const argv = process.argv.slice(2);
// Their code takes longest to load, so it is loaded while the command line is being read.
const runsWorkload = ["learn", "check", "run"].includes(argv[0] ?? "");
const threads = runsWorkload && isHere() ? new Threads() : undefined;
// First of all: it takes the notes of bin/isoline out of the environment, which nobody else may see.
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
// Whatever a command left open (a socket, a timer) must not keep it alive; all output is written already. Node would end
// threads that are still loading native code, which aborts the whole process.
if (threads !== undefined) {
  // A workload that ran has said how this ends; where nothing did, nothing is known, and that is no success.
  const nothing = program.running === undefined ? status.success : status.noWorkload;
  (await import("@isoline/linux")).leave(Number(process.exitCode ?? nothing));
}
process.exit();

/** Node starts no thread in a directory that has been removed; the command then says so itself. */
function isHere(): boolean {
  try {
    return process.cwd() !== "";
  } catch {
    return false;
  }
}
