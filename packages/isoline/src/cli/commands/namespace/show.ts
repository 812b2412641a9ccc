/** `isoline namespace show`: contour, measurement, state and lists of a namespace that was begun at the agent. */
import type { BegunState } from "../../../agent/begun/words.ts";
import { status } from "../../ending.ts";
import { isTerminal, print, STDOUT } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";
import { usage } from "../../refusal.ts";
import { type AskedOptions, asked, showState } from "./asked.ts";

export interface NamespaceShowOptions extends AskedOptions {
  readonly list?: boolean;
  readonly contour?: boolean;
}

/** Without a name it is the one that this process is in. */
export async function namespaceShow(name: string | undefined, options: NamespaceShowOptions): Promise<number> {
  const { list = false, contour = false } = options;
  if (list && contour) throw usage("expected --list or --contour, got both; ask twice");
  if (list) print(textIn(await asked(options, { ask: "measurements", ...named(name) }), "list"));
  else if (contour) print(textIn(await asked(options, { ask: "contour", ...named(name) }), "contour"));
  else showState((await asked(options, { ask: "show", ...named(name) })) as BegunState, options);
  return status.success;
}

/** As it is for a file or another program; on a terminal nothing of it may move a cursor. */
function textIn(answer: unknown, member: string): string {
  const text = String((answer as Readonly<Record<string, unknown>>)[member]);
  return isTerminal(STDOUT) ? text.split("\n").map(harmless).join("\n") : text;
}

export function named(name: string | undefined): { readonly name?: string } {
  return name === undefined ? {} : { name };
}
