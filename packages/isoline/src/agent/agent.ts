/** The resident process of a node, from its configuration to the end of its last namespace. */
import { filtersOf } from "@isoline/linux";
import { CliError } from "../error.ts";
import { adoptOrphans } from "./adopting.ts";
import { Canisters } from "./canisters.ts";
import type { AgentConfiguration } from "./configuration.ts";
import { Crews } from "./crews.ts";
import { Hosting } from "./hosted.ts";
import type { Log } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { MetricsServer } from "./metrics-server.ts";
import { BegunNamespaces } from "./begun/namespaces.ts";
import { AgentServer, ownDoor } from "./server.ts";
import { type ManagerVariables, ServiceManager } from "./service-manager.ts";

/** Listeners for ends of children and signals: one for each namespace. */
const UNLIMITED = 0;

export class Agent {
  readonly hosting: Hosting;
  readonly #servers: readonly AgentServer[];
  readonly #log: Log;
  readonly #telling: readonly { close(): void }[];
  readonly #manager: ServiceManager;

  private constructor(
    hosting: Hosting,
    servers: readonly AgentServer[],
    {
      log,
      telling,
      manager,
    }: { readonly log: Log; readonly telling: readonly { close(): void }[]; readonly manager: ServiceManager },
  ) {
    this.hosting = hosting;
    this.#servers = servers;
    this.#log = log;
    this.#telling = telling;
    this.#manager = manager;
  }

  /** Resolves when it takes orders. */
  static async start(configuration: AgentConfiguration, log: Log, variables: ManagerVariables): Promise<Agent> {
    assertTellsFilters();
    process.setMaxListeners(UNLIMITED);
    const crews = new Crews(configuration.threads);
    const hosting = new Hosting(crews, log, configuration.namespaces);
    const canisters = new Canisters(hosting, crews, log);
    const servers = [
      await AgentServer.open(ownDoor(configuration.socket), {
        run: (order, client, frames) => void hosting.run(order, client, frames),
        canister: (order, client, frames) => void canisters.create(order, client, frames),
      }),
    ];
    if (configuration.begin !== undefined) {
      const begun = new BegunNamespaces(hosting, log, configuration.begin, configuration.socket);
      servers.push(await AgentServer.open(begun.door, begun.takes));
    }
    const metrics = new Metrics(hosting, crews.digests);
    hosting.onEnd = ({ verdict }) => metrics.ended(verdict);
    const telling = await tellers(configuration, metrics, hosting, log);
    if (configuration.adopts) adoptOrphans(hosting, log);
    crews.prepare();
    const manager = new ServiceManager(variables);
    manager.ready(`listening at ${configuration.socket}`);
    log.say("ready", { socket: configuration.socket, process: process.pid });
    return new Agent(hosting, servers, { log, telling, manager });
  }

  /** Takes no further order. What runs is left as its sensor promises when this process ends. */
  async close(): Promise<void> {
    this.#log.say("stopping", { namespaces: this.hosting.live.size });
    for (const server of this.#servers) server.close();
    for (const teller of this.#telling) teller.close();
    await this.#manager.stopping();
  }
}

/** Where metrics can be read, and where they are pushed to. What pushing needs is loaded only where it is asked for. */
async function tellers(
  { metrics: address, otlp }: AgentConfiguration,
  metrics: Metrics,
  hosting: Hosting,
  log: Log,
): Promise<readonly { close(): void }[]> {
  const served = address === undefined ? [] : [await MetricsServer.open(address, metrics, hosting)];
  if (otlp === undefined) return served;
  const { pushMetrics } = await import("./otlp/push.ts");
  return [...served, pushMetrics(otlp, metrics, log)];
}

/** A client is outside of all behaviour namespaces if it has no more filters than this process: so this one may have none for itself. */
function assertTellsFilters(): void {
  const [own = 0, first = 0] = [filtersOf(process.pid), filtersOf(1)];
  if (own > first)
    throw new CliError(
      "agent-refused",
      `expected no more seccomp filters than process 1 has (${first}), got ${own}: leave SystemCallFilter= and the like out of the agent's unit, and start it outside of behaviour namespaces`,
    );
}
