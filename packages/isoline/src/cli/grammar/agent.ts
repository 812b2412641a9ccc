/** The commands of the resident process of a node, and the option that hands a command over to it. */
import type { Command } from "commander";
import type { AgentOptions } from "../commands/agent.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";

export function declareAgent(program: Command, invocation: Invocation): void {
  program.commandsGroup("The agent of a node (docs/agent.md):");

  program
    .command("agent")
    .summary("supervise every canister and service of this machine in one process")
    .description(
      "Listens for commands and containers that are handed over, and supervises them until it is told to end: docs/agent.md.",
    )
    .option("--config <file>", "its configuration; /etc/isoline/agent.yaml if left out")
    .option("--socket <path>", "where it listens, instead of where the configuration says")
    .addHelpText("after", examples("isoline agent", "isoline run app.contour --enforce --agent -- node server.js"))
    .action((options: AgentOptions) =>
      invocation.ends(import("../commands/agent.ts").then(({ agent }) => agent(invocation, options))),
    );
}

/** Options of commands that the agent may supervise. */
export function withAgent(command: Command): void {
  command
    .optionsGroup("The agent of this machine (docs/agent.md):")
    .option("--agent", "have the agent of this machine supervise the command; for root")
    .option("--agent-socket <path>", "where the agent listens; /run/isoline/agent/socket if left out");
}
