/** Lists of a fleet: printed once, or printed and followed (`--watch`). */
import { inTime, isPassing } from "../../fleet/in-time.ts";
import type { Change, Node } from "../../fleet/model.ts";
import type { Listed } from "../../fleet/people.ts";
import { FleetRefusal, type FleetServer } from "../../fleet/server.ts";
import { note, printJsonLine, printLine } from "../output/streams.ts";
import { grouped, harmless } from "../output/wording.ts";
import { type Format, linesOf, oneWord, printListed, type View } from "./format.ts";
import { followed } from "./session.ts";
import { shown, shownWord, stateText, whyText } from "./words.ts";

/** What changes have of a node and of a canister. */
type Verdict = Pick<Node, "state" | "failure" | "why" | "since" | "links">;

/** What is listed, and how one thing of it is asked for again. */
export interface Listing<T> {
  readonly view: View<T>;
  readonly read: () => Promise<Listed<T>>;
  /** What the view calls the thing that a change is about; undefined for a change of another kind. */
  readonly nameIn: (change: Change) => string | undefined;
  /** That thing, as it is now. */
  readonly changed: (change: Change) => Promise<T>;
  readonly isSelected: (item: T) => boolean;
  /** Whether a thing that is there no longer may have been selected: all that is known of it is the change. */
  readonly mayBeSelected: (change: Change) => boolean;
  /** Whether a thing of this name goes with a node that is gone. */
  readonly goesWith: (name: string, node: string) => boolean;
}

export async function printed<T>(format: Format, { view, read }: Listing<T>): Promise<Listed<T>> {
  const listed = await read();
  await printListed(format, listed, view);
  return listed;
}

/** A line for each change from now on, of what is selected, and of what was. */
export async function watched<T extends Verdict>(
  server: FleetServer,
  format: Format,
  listing: Listing<T>,
): Promise<void> {
  const { view, nameIn, mayBeSelected, isSelected, goesWith } = listing;
  const ending = new AbortController();
  // Followed before it is read, so that no change falls in between. What comes of the first one is seen below, also a failure.
  let decided = (): void => undefined;
  const attempted = new Promise<void>((resolve) => {
    decided = resolve;
  });
  const changes = followed(server, { signal: ending.signal, onOpen: () => decided(), onLost: () => decided() });
  const first = changes.next();
  first.catch(() => undefined);
  try {
    await Promise.race([first, attempted]);
    const seen = new Set((await printed(format === "yaml" ? "json" : format, listing)).items.map(view.name));
    const asked = asking(listing);
    for (let next = await first; next.done !== true; next = await changes.next()) {
      const change = next.value as Change;
      if (change.to === "gone") {
        for (const name of [...seen].filter((one) => goesWith(one, change.node))) {
          seen.delete(name);
          printChange(format, name, change);
        }
        continue;
      }
      const name = nameIn(change);
      if (name === undefined) continue;
      const item = await asked(change);
      if (item === undefined ? seen.has(name) || mayBeSelected(change) : isSelected(item)) seen.add(name);
      else if (!seen.delete(name)) continue;
      if (item === undefined) {
        printChange(format, name, change);
        if (isEnd(change)) seen.delete(name);
      } else if (format === "json" || format === "yaml") printJsonLine(item);
      else printLine(linesOf(format, [item], view).at(-1) ?? "");
    }
  } finally {
    ending.abort();
  }
}

/** A canister that ended is in no list any more: with its node, it does not go once more. */
const isEnd = ({ label, to }: Change): boolean => label !== undefined && to === "unknown";

/** Whether a change says that something is wrong, and not only that nothing came. */
export const isBad = ({ failure }: Change): boolean => failure !== undefined && failure !== "unreachable";

/** A canister that departed and ended before it was asked about: no other change tells of that departure. */
export const isBadEnd = (change: Change): boolean => isEnd(change) && isBad(change);

/** One thing that is always answered with a fault must not keep back all other changes. */
const MOST_FAULTS = 5;
/** Of a wait that goes on and on, a note each so often. */
const NOTE_MS = 60_000;

/** What a change is about, with the verdict of that change; undefined where it is there no longer. */
function asking<T extends Verdict>({ changed }: Listing<T>): (change: Change) => Promise<T | undefined> {
  let noted = Number.NEGATIVE_INFINITY;
  const onWait = (seconds: number, why: string) => {
    if (performance.now() - noted < NOTE_MS) return;
    noted = performance.now();
    note(`changes are shown later than they happen: ${harmless(why)}; trying again in ${grouped(seconds)} s`);
  };
  return async (change) => {
    let faults = 0;
    const isFaulty = (fault: unknown) => fault instanceof FleetRefusal && fault.status === 500;
    const asking = () =>
      still(() => changed(change)).catch((fault: unknown) => {
        if (!isFaulty(fault) || ++faults < MOST_FAULTS) throw fault;
        return undefined;
      });
    const item = await inTime(asking, { passes: isPassing, onWait });
    // Where one of its name is there again, the rest of it is not of the one that ended.
    if (item === undefined || (isEnd(change) && item.state !== change.to)) return undefined;
    return asChanged(item, change);
  };
}

/** A thing as a change says it was: by the time it is asked for, it may be another. Checks of another verdict are left out. */
function asChanged<T extends Verdict>(item: T, { at, to, failure, why }: Change): T {
  if (to === "gone") return item;
  const isSame = item.state === to && item.failure === failure;
  const since = item.state === to && item.since <= at ? item.since : at;
  return { ...item, state: to, failure, why, since, ...(isSame ? {} : { links: undefined }) };
}

/** What is known of a thing that is there no longer, by the name that the view gave to it: the change itself. */
function printChange(format: Format, name: string, { at: since, to: state, failure, why }: Change): void {
  const [, node = "", ...rest] = name.split("/");
  const label = rest.length === 0 ? undefined : rest.join("/");
  if (format === "name") printLine(oneWord(name));
  else if (format === "json" || format === "yaml")
    printJsonLine({ ...(label === undefined ? { name: node } : { node, label }), state, since, failure, why });
  else {
    const subject = [shown(node), ...(label === undefined ? [] : [shownWord(label, 60)])];
    printLine([...subject, stateText(state), whyText({ failure, why })].join("  "));
  }
}

/** Undefined of a thing that is gone by now. */
async function still<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (fault) {
    if (fault instanceof FleetRefusal && fault.status === 404) return undefined;
    throw fault;
  }
}
