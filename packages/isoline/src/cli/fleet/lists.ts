/** Lists of a fleet: printed once, or printed and followed (`--watch`). */
import type { Change } from "../../fleet/model.ts";
import { FleetRefusal, type FleetServer } from "../../fleet/server.ts";
import type { Listed } from "../../fleet/people.ts";
import { note, printJsonLine, printLine } from "../output/streams.ts";
import { grouped } from "../output/wording.ts";
import { type Format, linesOf, oneWord, printList, type View } from "./format.ts";
import { followed } from "./session.ts";
import { shown, stateText } from "./words.ts";

/** What is listed, and how one thing of it is asked for again. */
export interface Listing<T> {
  readonly view: View<T>;
  readonly read: () => Promise<Listed<T>>;
  /** The thing that a change is about; undefined for a change of another kind. */
  readonly changed: (change: Change) => Promise<T | undefined>;
  readonly isSelected: (item: T) => boolean;
  /** Whether a thing of this name goes with a node that is gone. */
  readonly goesWith: (name: string, node: string) => boolean;
}

export async function printed<T>(format: Format, { view, read }: Listing<T>): Promise<Listed<T>> {
  const listed = await read();
  await printList(format, listed.items, view);
  if (listed.isCut) note(`${grouped(listed.items.length)} shown, and there are more: --limit shows more of them`);
  return listed;
}

/** A line for each change from now on, of what is selected, and of what was. */
export async function watched<T>(server: FleetServer, format: Format, listing: Listing<T>): Promise<void> {
  const { view, changed, isSelected, goesWith } = listing;
  // Followed before it is read, so that no change falls in between.
  const changes = followed(server);
  const first = changes.next();
  const seen = new Set((await printed(format === "yaml" ? "json" : format, listing)).items.map(view.name));
  for (let next = await first; next.done !== true; next = await changes.next()) {
    const change = next.value as Change;
    if (change.to === "gone") {
      for (const name of [...seen].filter((one) => goesWith(one, change.node))) {
        seen.delete(name);
        printGone(format, name, change);
      }
      continue;
    }
    const item = await still(() => changed(change));
    if (item === undefined) continue;
    const name = view.name(item);
    if (isSelected(item)) seen.add(name);
    else if (!seen.delete(name)) continue;
    if (format === "json" || format === "yaml") printJsonLine(item);
    else printLine(linesOf(format, [item], view).at(-1) ?? "");
  }
}

/** By the name that the view gave to it. */
function printGone(format: Format, name: string, { at: since, why }: Change): void {
  const [, node = "", ...rest] = name.split("/");
  const label = rest.length === 0 ? undefined : rest.join("/");
  const state = "gone";
  if (format === "name") printLine(oneWord(name));
  else if (format === "json" || format === "yaml")
    printJsonLine({ ...(label === undefined ? { name: node } : { node, label }), state, since, why });
  else
    printLine(
      [shown(node), ...(label === undefined ? [] : [shown(label, 60)]), stateText(state), shown(why)].join("  "),
    );
}

/** Undefined of a thing that is gone by now. */
async function still<T>(work: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await work();
  } catch (fault) {
    if (fault instanceof FleetRefusal && fault.status === 404) return undefined;
    throw fault;
  }
}
