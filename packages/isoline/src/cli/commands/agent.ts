/** `isoline agent`: the resident process of a node. */
import { leave } from "@isoline/linux";
import { Agent } from "../../agent/agent.ts";
import { readAgentConfiguration } from "../../agent/configuration.ts";
import { Log } from "../../agent/log.ts";
import { variable } from "../../namespace/entry.ts";
import { status } from "../ending.ts";
import type { Invocation } from "../invocation.ts";

export interface AgentOptions {
  readonly config?: string;
  readonly socket?: string;
}

/** Returns when it is told to end. */
export async function agent({ entry }: Invocation, { config, socket }: AgentOptions): Promise<number> {
  const told = new Promise<void>((end) => {
    process.once("SIGTERM", () => end());
    process.once("SIGINT", () => end());
  });
  const configuration = await readAgentConfiguration(config);
  const running = await Agent.start({ ...configuration, ...(socket === undefined ? {} : { socket }) }, new Log(), {
    socket: variable(entry, "NOTIFY_SOCKET"),
    watchdog: variable(entry, "WATCHDOG_USEC"),
  });
  await told;
  running.close();
  return leave(status.success);
}
