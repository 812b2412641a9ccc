/** `isoline events`: decisions of a live namespace, as they happen. */
import { findNamespace } from "../../control/directory.ts";
import type { EventLine } from "../../namespace/live.ts";
import { status } from "../ending.ts";
import { paint } from "../output/paint.ts";
import { note, printJsonLine, printLine } from "../output/streams.ts";
import { counted, harmless } from "../output/wording.ts";

export interface EventsOptions {
  readonly json?: boolean;
  readonly off?: boolean;
  readonly new?: boolean;
}

export async function events(name: string, options: EventsOptions): Promise<number> {
  const client = await findNamespace(name);
  for await (const line of client.events()) {
    if (options.json) {
      if (isWanted(line, options)) printJsonLine(line);
    } else if ("lost" in line) note(`${counted(Number(line.lost), "event")} came faster than they could be shown`);
    else if (isWanted(line, options)) printLine(eventText(line));
  }
  return status.success;
}

function isWanted(line: EventLine, { off, new: novel }: EventsOptions): boolean {
  if ("lost" in line) return true;
  return (!off || line.verdict !== "on") && (!novel || line.novel);
}

/** `17 new 4242 npm → sh → node: read: open access=read …` */
function eventText(line: Exclude<EventLine, { lost: number }>): string {
  const { sequence, pid, chain, verdict, refused, novel, act, consequence, why } = line;
  const word = refused
    ? paint("red", "refused")
    : verdict === "on"
      ? paint("green", novel ? "new" : "on")
      : paint("red", verdict);
  const who = chain.length === 0 ? "-" : chain.map(String).join(" → ");
  return `${Number(sequence)} ${word} ${Number(pid)} ${harmless(who)}: ${paint("bold", harmless(consequence))}: ${harmless(why ?? act)}`;
}
