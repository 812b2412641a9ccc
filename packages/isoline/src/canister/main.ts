/**
 * `isoline-runc`: calls of runc that create processes for a container, or have to know of its supervisor. bin/isoline-runc
 * hands all others to runc itself.
 */
import { dieBySignal, leave } from "@isoline/linux";
import { rawArguments, readEntry } from "../namespace/entry.ts";
import { Threads } from "../namespace/threads.ts";
import { StatusPipe } from "./status-pipe.ts";

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const status = StatusPipe.fromEnvironment();
  // Their code takes longest to load, so it is loaded while the bundle is being read.
  const threads = status !== undefined || argv.includes("run") ? new Threads() : undefined;
  const entry = readEntry();
  const [{ parseRuncCall }, { Voice }, { runcPath, statusOf }, running] = await Promise.all([
    import("./command-line.ts"),
    import("./voice.ts"),
    import("./runc.ts"),
    threads === undefined ? undefined : import("./supervise.ts"),
  ]);
  let voice = new Voice(undefined);
  try {
    const call = parseRuncCall(argv);
    voice = new Voice(call);
    const path = Buffer.from(runcPath());
    const command = [path, ...rawArguments(argv.length)];
    if (call.command === "create" || call.command === "run") {
      const { Canister } = running ?? (await import("./supervise.ts"));
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

// A script may not wait at its top level, and of scripts compiled code can be kept (tools/code-cache.mjs).
void main();
