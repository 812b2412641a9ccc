/** Containers at the agent: from the call of the runtime to the end of the last process. The call ends when runc has ended. */
import { asRefusal as refusalOf } from "../canister/refusal.ts";
import { CanisterLog, plainLine } from "../canister/log.ts";
import { statusOf } from "../canister/runc.ts";
import { Canister } from "../canister/supervise.ts";
import { thisProcess } from "../library/host.ts";
import { CliError } from "../error.ts";
import { Caller, sayRefused } from "./caller.ts";
import type { ClientProcess } from "./client-process.ts";
import type { Crews, ElsewhereCrew } from "./crews.ts";
import type { Frames } from "./frames.ts";
import type { Hosted, Hosting } from "./hosted.ts";
import type { Log } from "./log.ts";
import { readCanisterOrder } from "./read-order.ts";

/** As of isoline-runc. */
const REFUSED = 125;

export class Canisters {
  readonly #hosting: Hosting;
  readonly #crews: Crews;
  readonly #log: Log;

  constructor(hosting: Hosting, crews: Crews, log: Log) {
    this.#hosting = hosting;
    this.#crews = crews;
    this.#log = log;
  }

  async create(order: unknown, client: ClientProcess, frames: Frames): Promise<void> {
    let free = () => {};
    let caller: Caller | undefined;
    let threads: ElsewhereCrew | undefined;
    try {
      frames.send({ say: "heard" });
      client.assertBeside();
      const read = readCanisterOrder(order);
      free = this.#hosting.admit();
      threads = this.#crews.take();
      caller = new Caller(client, frames, threads);
      await this.#carryOut(read, caller, threads, free);
    } catch (fault) {
      this.#log.say("refused", { client: client.pid, why: refusalOf(fault) });
      if (caller === undefined) return sayRefused(client, frames, { code: codeOf(fault), message: refusalOf(fault) });
      caller.abandon(fault as Error);
      if (codeOf(fault) === "agent-elsewhere") return caller.refuse(fault);
      caller.say({ say: "stderr", text: `isoline-runc: ${plainLine(refusalOf(fault))}\n` });
      caller.say({ say: "status", status: REFUSED });
      caller.end();
    } finally {
      await threads?.over;
      free();
    }
  }

  async #carryOut(
    { runc, call, openFiles }: ReturnType<typeof readCanisterOrder>,
    caller: Caller,
    threads: ElsewhereCrew,
    free: () => void,
  ): Promise<void> {
    const log = new CanisterLog(call, (text) => caller.say({ say: "stderr", text }));
    let hosted: Hosted | undefined;
    let leave = () => {};
    const canister = await Canister.of({
      call,
      entry: { ...thisProcess({}).entry, openFiles },
      threads,
      log,
      command: [Buffer.from(runc)],
      launcher: caller.client.pid,
      status: {
        deliver: (status) => caller.say({ say: "status", status }),
        letGo: () => caller.end(),
      },
    });
    if (canister.agent === "ignore")
      throw new CliError("agent-elsewhere", "the host's configuration has canisters supervised beside the agent");
    canister.onBegun = (namespace) => {
      hosted = { ...canister.about, namespace };
      leave = this.#hosting.enter(hosted);
      free();
      caller.begun(namespace);
    };
    try {
      const exit = await canister.run((result) => hosted && this.#hosting.ended(hosted, result));
      // A container that never was: its call still waits.
      if (caller.isThere) caller.say({ say: "status", status: statusOf(exit) });
      caller.end();
    } finally {
      leave();
    }
  }
}

function codeOf(fault: unknown): string {
  return (fault as { readonly code?: string }).code ?? "agent-refused";
}
