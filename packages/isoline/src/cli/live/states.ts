import type { ControlClient } from "../../control/client.ts";
import type { State } from "../../control/protocol.ts";
import { note } from "../output/streams.ts";
import { harmless } from "../output/wording.ts";

/** The state of each namespace that is still live; one that is live but does not answer is named on stderr. */
export async function statesOf(live: readonly ControlClient[]): Promise<readonly State[]> {
  const answers = await Promise.allSettled(live.map((client) => client.stateIfLive()));
  return answers.flatMap((answer) => {
    if (answer.status === "fulfilled") return answer.value === undefined ? [] : [answer.value];
    note(harmless((answer.reason as Error).message));
    return [];
  });
}
