/** The resident process of a node, from its configuration to the end of its last namespace. */
import { Canisters } from "./canisters.ts";
import type { AgentConfiguration } from "./configuration.ts";
import { Crews } from "./crews.ts";
import { Hosting } from "./hosted.ts";
import type { Log } from "./log.ts";
import { AgentServer } from "./server.ts";

/** Listeners for ends of children and signals: one for each namespace. */
const UNLIMITED = 0;

export class Agent {
  readonly hosting: Hosting;
  readonly #server: AgentServer;
  readonly #log: Log;

  private constructor(hosting: Hosting, server: AgentServer, log: Log) {
    this.hosting = hosting;
    this.#server = server;
    this.#log = log;
  }

  /** Resolves when it takes orders. */
  static async start(configuration: AgentConfiguration, log: Log): Promise<Agent> {
    process.setMaxListeners(UNLIMITED);
    const crews = new Crews(configuration.threads);
    const hosting = new Hosting(crews, log, configuration.namespaces);
    const canisters = new Canisters(hosting, crews, log);
    const server = await AgentServer.open(configuration.socket, {
      run: (order, client, frames) => void hosting.run(order, client, frames),
      canister: (order, client, frames) => void canisters.create(order, client, frames),
    });
    crews.prepare();
    log.say("ready", { socket: configuration.socket, process: process.pid });
    return new Agent(hosting, server, log);
  }

  /** Takes no further order. What runs is left as its sensor promises when this process ends. */
  close(): void {
    this.#log.say("stopping", { namespaces: this.hosting.live.size });
    this.#server.close();
  }
}
