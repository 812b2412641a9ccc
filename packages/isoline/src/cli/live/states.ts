import type { ControlClient } from "../../control/client.ts";
import type { State } from "../../control/protocol.ts";
import { note } from "../output/streams.ts";
import { harmless } from "../output/wording.ts";

/** The state of each namespace; who does not answer is named on stderr. */
export async function statesOf(live: readonly ControlClient[]): Promise<readonly State[]> {
  const answers = await Promise.allSettled(live.map((client) => client.state()));
  return answers.flatMap((answer) => {
    if (answer.status === "fulfilled") return [answer.value];
    note(harmless((answer.reason as Error).message));
    return [];
  });
}
