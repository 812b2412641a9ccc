/** One call of the runtime, from its arguments to its exit status. */
import { dieBySignal, leave } from "@isoline/linux";
import { rawArguments, readEntry } from "../namespace/entry.ts";
import { Threads } from "../namespace/threads.ts";
import { parseRuncCall } from "./command-line.ts";
import { runcPath, statusOf } from "./runc.ts";
import { StatusPipe } from "./status-pipe.ts";
import { Voice } from "./voice.ts";

/** Ends this process. `threads` may have been started in advance for a call that seemed to need them. */
export async function carryOut(argv: readonly string[], threads: Threads | undefined): Promise<void> {
  const status = StatusPipe.fromEnvironment();
  const entry = readEntry();
  let voice = new Voice(undefined);
  try {
    const call = parseRuncCall(argv);
    voice = new Voice(call);
    const path = Buffer.from(runcPath());
    const command = [path, ...rawArguments(argv.length)];
    if (call.command === "create" || call.command === "run") {
      const { Canister } = await import("./supervise.ts");
      const canister = await Canister.of({ call, entry, threads: threads ?? new Threads(), voice, command, status });
      const exit = await canister.run();
      if (exit.state === "killed" && status === undefined) dieBySignal(exit.signal);
      leave(statusOf(exit));
    }
    const { later } = await import("./later.ts");
    await later({ call, entry, voice, command, path });
  } catch (fault) {
    const { asRefusal } = await import("./refusal.ts");
    voice.say("error", asRefusal(fault));
    status?.deliver(125);
    leave(125);
  }
}
