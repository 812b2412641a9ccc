/** One call of the runtime, from its arguments to its exit status. */
import { dieBySignal, leave } from "@isoline/linux";
import { CliError } from "../error.ts";
import { rawArguments, readEntry } from "../namespace/entry.ts";
import { startThreads } from "../namespace/start-threads.ts";
import type { Threads } from "../namespace/threads.ts";
import { parseRuncCall } from "./command-line.ts";
import { runcPath, statusOf } from "./runc.ts";
import { StatusPipe } from "./status-pipe.ts";
import { CanisterLog } from "./log.ts";

/** Ends this process. `threads` may have been started in advance for a call that seemed to need them. */
export async function carryOut(argv: readonly string[], threads: Threads | undefined): Promise<void> {
  const status = StatusPipe.fromEnvironment();
  const entry = readEntry();
  let log = new CanisterLog(undefined);
  try {
    const call = parseRuncCall(argv);
    log = new CanisterLog(call);
    const path = Buffer.from(runcPath());
    const command = [path, ...rawArguments(argv.length)];
    if (call.command === "create" || call.command === "run") {
      const { Canister } = await import("./supervise.ts");
      const canister = await Canister.of({ call, entry, threads: threads ?? startThreads(), log, command, status });
      if (canister.agent === "require") throw withoutAgent();
      const exit = await canister.run();
      if (exit.state === "killed" && status === undefined) dieBySignal(exit.signal);
      leave(statusOf(exit));
    }
    const { runLaterCall } = await import("./later-calls.ts");
    await runLaterCall({ call, entry, log, command, path });
  } catch (fault) {
    const { asRefusal } = await import("./refusal.ts");
    log.say("error", asRefusal(fault));
    status?.deliver(125);
    leave(125);
  }
}

function withoutAgent(): CliError {
  return new CliError(
    "no-agent",
    "the host's configuration requires its agent, and this call did not reach it; start isoline agent, or use create and run --detach",
  );
}
