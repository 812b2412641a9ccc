/** `isoline agent`: the resident process of a node. */
import { leave } from "@isoline/linux";
import { Agent } from "../../agent/agent.ts";
import { readAgentConfiguration } from "../../agent/configuration.ts";
import { Log } from "../../agent/log.ts";
import { runningBuild } from "../../attest/collect/build.ts";
import type { AttestingOrder } from "../../fleet/attesting.ts";
import { keepAttesting } from "../../fleet/keep-attesting.ts";
import { type EnrolledAt, readEnrolment, usualNodePlace } from "../../fleet/node-place.ts";
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
  // Before an upgrade can replace the files of this very code.
  if (configuration.verifier !== undefined) runningBuild();
  const log = new Log();
  const enrolled = configuration.verifier && readEnrolment(configuration.verifier.state ?? usualNodePlace());
  const running = await Agent.start({ ...configuration, ...(socket === undefined ? {} : { socket }) }, log, {
    socket: variable(entry, "NOTIFY_SOCKET"),
    watchdog: variable(entry, "WATCHDOG_USEC"),
  });
  const ending = new AbortController();
  const attesting = enrolled && attests(enrolled, ending.signal, log);
  await told;
  ending.abort();
  await running.close();
  await attesting;
  return leave(status.success);
}

/** Sends evidence of this node until the signal. Whatever becomes of it, the agent goes on. */
function attests(enrolled: EnrolledAt, signal: AbortSignal, log: Log): Promise<void> {
  const { name, server } = enrolled;
  let before = "";
  const order: AttestingOrder = {
    enrolled,
    signal,
    onVerdict: ({ state, failure, why, canisters = [] }) => {
      const facts = {
        node: name,
        server,
        state,
        failure,
        why,
        red: canisters.filter((one) => one.state !== "affirming"),
      };
      const text = JSON.stringify(facts);
      if (text !== before) log.say("attested", facts);
      before = text;
    },
    onFailure: (why, seconds) => log.say("warning", { why: `no verdict: ${why}`, seconds }),
    onRemark: (why) => log.say("warning", { why }),
  };
  return keepAttesting(order, (fault, seconds) => {
    const [why, stack] = fault instanceof Error ? [fault.message, fault.stack] : [String(fault), undefined];
    log.say("warning", { why: `nothing is attested until it is tried again: ${why}`, seconds, stack });
  });
}
