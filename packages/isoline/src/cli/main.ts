/**
 * The program. Nothing heavy is imported here: a command brings what it needs, so that a workload starts soon.
 */
import { CommanderError } from "commander";
import { readEntry } from "../namespace/entry.ts";
import { status } from "./ending.ts";
import { isolineProgram } from "./program.ts";

const argv = process.argv.slice(2);
// First of all: it takes the notes of bin/isoline out of the environment, which nobody else may see.
const entry = readEntry();
const program = isolineProgram(entry, argv);
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
// Whatever a command left open (a socket, a timer) must not keep it alive; all output is written already.
process.exit();
