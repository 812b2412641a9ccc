/** The options by which a command is handed over to the agent of this machine. */
import { usage } from "../refusal.ts";

export interface AgentChoice {
  readonly agent?: boolean;
  readonly agentSocket?: string;
}

/** What the agent does not do for a command, and the option for it. */
const elsewhere = { ask: "--ask", engine: "--engine", imaPolicy: "--ima-policy" } as const;

/** Refuses options that only a supervisor of the command's own has. */
export function assertForAgent(options: AgentChoice & { readonly [name in keyof typeof elsewhere]?: unknown }): void {
  const { agent = false, agentSocket } = options;
  if (!agent && agentSocket !== undefined) throw usage("--agent-socket changes nothing without --agent; leave it out");
  const names = Object.keys(elsewhere) as (keyof typeof elsewhere)[];
  const unfit = names.find((name) => options[name] !== undefined && options[name] !== false);
  if (agent && unfit !== undefined)
    throw usage(`expected --agent without ${elsewhere[unfit]}, which the agent does not do; leave one of them out`);
}
