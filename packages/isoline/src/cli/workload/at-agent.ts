/** A workload that the agent of this machine supervises, with what stands around it on the command line. */
import { resolve } from "node:path";
import { CommandAtAgent, type HandedOver, type HandOver } from "../../agent/client.ts";
import { AGENT_SOCKET } from "../../agent/configuration.ts";
import type { Host } from "../../library/host.ts";
import type { Order } from "../../library/start.ts";
import { commandText } from "../../namespace/command-text.ts";
import type { Entry } from "../../namespace/entry.ts";
import type { Invocation } from "../invocation.ts";
import { note } from "../output/streams.ts";
import { harmless } from "../output/wording.ts";
import type { AgentChoice } from "./agent-choice.ts";
import { DepartureTeller } from "./departures.ts";
import type { Supervised } from "./supervise.ts";

/** Hands the command over and waits for the end of its last process. */
export function superviseAtAgent(
  { entry }: Invocation,
  about: Supervised,
  { agentSocket = AGENT_SOCKET }: AgentChoice,
  orderOf: (host: Host) => { readonly host: Host; readonly order: Order },
): Promise<HandedOver> {
  const { host, order } = orderOf({ entry, standsIn: true });
  const { command } = order;
  const { contour, sensor } = order.plan;
  const plan = { ...order.plan, contour: contour && resolve(contour) };
  const opening = { ask: "run", plan, about: order.about, name: about.name, command: commandText(command) };
  return handOver(resolve(agentSocket), host.entry, { command, sensor, opening }, about);
}

/** The same for an order that is known, with departures told as they happen. */
export async function handOver(
  socket: string,
  entry: Entry,
  order: HandOver,
  { quiet, tellsAtEnd = false }: Pick<Supervised, "quiet" | "tellsAtEnd">,
): Promise<HandedOver> {
  let teller: DepartureTeller | undefined;
  const handed = await CommandAtAgent.run(socket, entry, order, {
    onBegun: (command) => {
      teller = new DepartureTeller({ off: () => command.off, from: (first) => command.departures(first) });
      if (!quiet && !tellsAtEnd) teller.start();
    },
    onNote: (text) => quiet || note(harmless(text)),
    beforeStop: () => {},
  });
  if (!quiet) teller?.stop(handed.report.departures);
  return handed;
}
