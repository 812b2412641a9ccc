/** `isoline agent`: the resident process of a node. */
import { leave } from "@isoline/linux";
import { Agent } from "../../agent/agent.ts";
import { readAgentConfiguration } from "../../agent/configuration.ts";
import { Log } from "../../agent/log.ts";
import { status } from "../ending.ts";

export interface AgentOptions {
  readonly config?: string;
  readonly socket?: string;
}

/** Returns when it is told to end. */
export async function agent({ config, socket }: AgentOptions): Promise<number> {
  const told = new Promise<void>((end) => {
    process.once("SIGTERM", () => end());
    process.once("SIGINT", () => end());
  });
  const configuration = await readAgentConfiguration(config);
  const running = await Agent.start({ ...configuration, ...(socket === undefined ? {} : { socket }) }, new Log());
  await told;
  running.close();
  return leave(status.success);
}
