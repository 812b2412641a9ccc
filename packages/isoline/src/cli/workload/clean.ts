/** The command that makes the state anew before each run of a repeated learning. It runs outside the namespace, as isoline does. */
import { spawn } from "node:child_process";
import { CliError } from "../../error.ts";
import { STDERR } from "../output/streams.ts";

/** Runs the command by the shell. What it prints goes to stderr, because stdout is the workload's. */
export async function makeClean(command: string, run: number): Promise<void> {
  const how = await new Promise<string>((resolve) => {
    const child = spawn("/bin/sh", ["-c", command], { stdio: ["ignore", STDERR, STDERR] });
    child.on("error", (fault) => resolve(fault.message));
    child.on("close", (status, signal) => resolve(signal ?? (status === 0 ? "" : `status ${status}`)));
  });
  if (how === "") return;
  throw new CliError(
    "clean-failed",
    `expected --clean to end with status 0 before run ${run}, got ${how}: ${command}; the runs before it are learnt. Mend it, and go on with --merge`,
  );
}
