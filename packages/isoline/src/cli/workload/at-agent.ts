/** A workload that the agent of this machine supervises, with what stands around it on the command line. */
import { resolve } from "node:path";
import { CommandAtAgent, type HandedOver } from "../../agent/client.ts";
import { AGENT_SOCKET } from "../../agent/configuration.ts";
import type { Host } from "../../library/host.ts";
import type { Order } from "../../library/start.ts";
import type { Invocation } from "../invocation.ts";
import { note } from "../output/streams.ts";
import { harmless } from "../output/wording.ts";
import type { AgentChoice } from "./agent-choice.ts";
import { DepartureTeller } from "./departures.ts";
import type { Supervised } from "./supervise.ts";

/** Hands the command over and waits for the end of its last process. */
export async function superviseAtAgent(
  { entry }: Invocation,
  about: Supervised,
  { agentSocket = AGENT_SOCKET }: AgentChoice,
  orderOf: (host: Host) => { readonly host: Host; readonly order: Order },
): Promise<HandedOver> {
  const { host, order } = orderOf({ entry, standsIn: true });
  const { contour } = order.plan;
  const placed = { ...order, plan: { ...order.plan, contour: contour && resolve(contour) } };
  let teller: DepartureTeller | undefined;
  const handed = await CommandAtAgent.run({ socket: resolve(agentSocket), name: about.name }, host.entry, placed, {
    onBegun: (command) => {
      teller = new DepartureTeller({ off: () => command.off, from: (first) => command.departures(first) });
      if (!about.quiet && about.tellsAtEnd !== true) teller.start();
    },
    onNote: (text) => about.quiet || note(harmless(text)),
    beforeStop: () => {},
  });
  if (!about.quiet) teller?.stop(handed.report.departures);
  return handed;
}
