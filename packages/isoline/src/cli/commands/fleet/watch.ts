/** `isoline fleet watch`: each change of a verdict, as it happens. */
import type { Change } from "../../../fleet/model.ts";
import { status } from "../../ending.ts";
import { oneWord } from "../../fleet/format.ts";
import { type FleetOptions, followed, withServer } from "../../fleet/session.ts";
import { shown, shownWord, stateText, whyText } from "../../fleet/words.ts";
import { printJsonLine, printLine } from "../../output/streams.ts";

export async function fleetWatch(options: FleetOptions): Promise<number> {
  const { output } = options;
  await withServer(options, async (server) => {
    for await (const change of followed(server))
      if (output === "json" || output === "yaml") printJsonLine(change);
      else printLine(lineOf(output === "name", change));
  });
  return status.success;
}

function lineOf(isName: boolean, { at, node, label, from = "unknown", to, ...reason }: Change): string {
  if (isName) return oneWord(label === undefined ? node : `${node}/${label}`);
  const subject = label === undefined ? shown(node) : `${shown(node)}/${shownWord(label)}`;
  const because = to === "affirming" ? "" : `  ${whyText(reason, 1000)}`;
  return `${shown(at)}  ${subject}  ${stateText(from)} → ${stateText(to)}${because}`;
}
