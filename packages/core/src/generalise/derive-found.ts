/** P: directories in which only what earlier runs left behind tells one run's acts from another's. */
import { encodeEvent } from "../event/encoding.ts";
import { RunSet } from "../evidence/run-set.ts";
import { foundOperations, foundState } from "../identity/classes/found-state.ts";
import { guardOf } from "../identity/classes/guarded.ts";
import { componentsOf } from "../identity/classes/levelled-path.ts";
import type { Candidate } from "./candidate.ts";
import { namesIn, type Image } from "./acts.ts";
import type { Grounds } from "./derive.ts";
import { counted } from "./wording.ts";

export function deriveFound(images: readonly Image[], { runs, lonely }: Grounds): Candidate[] {
  const folded = images.filter(({ op }) => foundOperations.includes(op));
  const asked = folded.flatMap((image) => {
    const directory = lonely.has(image) ? directoryOf(image) : undefined;
    return directory === undefined ? [] : [{ image, directory, key: keyOf(image) }];
  });
  // Who else did it is only asked of these.
  const seen = new Map(asked.map(({ key }) => [key, new RunSet()]));
  if (seen.size > 0) for (const image of folded) seen.get(keyOf(image))?.addAll(image.act.runs);
  const places = new Map<string, { runs: RunSet; replaces: number }>();
  for (const { image, directory, key } of asked) {
    if (seen.get(key)?.only !== undefined) continue;
    const place = places.get(directory) ?? { runs: new RunSet(), replaces: 0 };
    place.runs.addAll(image.act.fresh);
    place.replaces += 1;
    places.set(directory, place);
  }
  return [...places].map(([at, place]) => {
    const because = `${new Set([...place.runs].map((trial) => trial % runs)).size} of ${runs} runs differ there only in what earlier runs had left`;
    return candidateOf(at, `${because}, ${counted(place.replaces, "act")}`, place.replaces, place.runs);
  });
}

/** The directories in which some of the runs make a file of their own, and others do not: whether it is there is left to chance. */
export function madeNowAndThen(images: readonly Image[], runs: number): string[] {
  const made = images.filter(({ op, act }) => op === "create" && act.runs.size < runs);
  return [...new Set(made.map(directoryOf))].filter((directory) => directory !== undefined);
}

/** The same rule for a directory in which a class of names comes and goes; none where no rule may be. */
export function companion(at: string, images: readonly Image[]): Candidate[] {
  if (guardOf(`${at}/0`, true) !== undefined) return [];
  const replaces = images.filter((image) => foundOperations.includes(image.op) && directoryOf(image) === at).length;
  return [
    candidateOf(
      at,
      "files of a class come and go there, so what a run finds depends on earlier runs",
      replaces,
      new RunSet(),
    ),
  ];
}

function candidateOf(at: string, because: string, replaces: number, fresh: RunSet): Candidate {
  return {
    tier: "found",
    rule: {
      at,
      found: "any",
      of: [...foundOperations],
      replaces,
      accepts: "to overwrite a file of its own there that it may create, and to create one that it may overwrite",
      because,
    },
    names: new Map(),
    fresh,
    // That a first run finds nothing is known of any workload, so no run is needed to learn it.
    holdsFrom: () => true,
  };
}

function keyOf({ event }: Image): string {
  return encodeEvent(foundState(event)).toString("latin1");
}

/** The directory in which the last name of an act lies, if a rule may be made for it. */
function directoryOf({ event }: Image): string | undefined {
  const names = namesIn(event);
  if (names.some((name) => guardOf(name, true) !== undefined)) return undefined;
  const directory = componentsOf(names.at(-1) ?? "")
    ?.slice(0, -1)
    .join("/");
  return directory === undefined || guardOf(`${directory}/0`, true) !== undefined ? undefined : directory;
}
