/** What the commands about a namespace that was begun at the agent have in common: who is asked, and how a state is shown. */
import { resolve } from "node:path";
import { askAgent, type Question } from "../../../agent/begun/ask.ts";
import { BEGIN_SOCKET } from "../../../agent/begun/configuration.ts";
import type { BegunState } from "../../../agent/begun/words.ts";
import { printJson, printLine } from "../../output/streams.ts";
import { counted, harmless } from "../../output/wording.ts";

export interface AskedOptions {
  readonly agentSocket?: string;
  readonly json?: boolean;
}

export function asked({ agentSocket = BEGIN_SOCKET }: AskedOptions, question: Question): Promise<unknown> {
  return askAgent(resolve(agentSocket), question);
}

/** The answer of a socket is not trusted on a terminal. */
export function showState(state: BegunState, { json }: AskedOptions): void {
  if (json) return printJson(state);
  const { name, user, pid, mode, command, contour, sealed, policy, measured, violations } = state;
  const lines: readonly (readonly [string, string])[] = [
    ["namespace", `${name}, begun by user ${user} with process ${pid}: ${command}`],
    ["mode", mode],
    ["contour", `${contour.profile}, ${counted(contour.points, "point")}, policy ${contour.policy}`],
    ["state", contour.state],
    ["measurement", contour.measurement],
    ["events", `${state.events}, ${state.off} off contour, ${state.refused} refused`],
    ["processes", String(state.processes)],
    [
      "integrity",
      `${integrityText(policy)}${sealed ? ", sealed" : ""}; ${measured} measured, ${violations} violations`,
    ],
    ...state.incomplete.map(({ reason, count }) => ["incomplete", `${reason} (${count})`] as const),
  ];
  for (const [what, text] of lines) printLine(`${what.padEnd(12)}${harmless(text)}`);
}

function integrityText(policy: string): string {
  return policy === "" ? "no policy" : counted(policy.trimEnd().split("\n").length, "rule");
}
