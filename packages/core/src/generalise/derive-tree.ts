/** S: the installed files of a runtime, which a program reads now these, now those. */
import type { Image } from "./acts.ts";
import { RunSet } from "../evidence/run-set.ts";
import { guardOf } from "../identity/classes/guarded.ts";
import { componentsOf } from "../identity/classes/levelled-path.ts";
import { MOST_PROGRAMS } from "../identity/classes/parse-rule.ts";
import { type Candidate, Uses } from "./candidate.ts";
import type { Grounds } from "./derive.ts";
import { counted } from "./wording.ts";

/** Where things are installed, and how many components below name one of them. */
const ROOTS: readonly (readonly [root: readonly string[], deep: number])[] = [
  [["$", "usr", "lib"], 1],
  [["$", "usr", "share"], 1],
  [["$", "usr", "include"], 0],
  [["$", "usr", "local"], 2],
  [["$", "opt"], 1],
  [["$CWD", "node_modules"], 1],
];

export function deriveTrees(images: readonly Image[], { runs, lonely }: Grounds): Candidate[] {
  const trees = new Map<string, { uses: Uses; fresh: RunSet; replaces: number }>();
  const written = new Set<string>();
  for (const image of images) {
    const { op, act } = image;
    if (op === "exec" || op === "map") continue;
    const { event } = image;
    if (!("path" in event.subject)) continue;
    const root = rootOf(event.subject.path as string);
    if (root === undefined) continue;
    if (event.op !== "open" || event.subject.access !== "read") {
      written.add(root);
      continue;
    }
    let tree = trees.get(root);
    if (tree === undefined) trees.set(root, (tree = { uses: new Uses(), fresh: new RunSet(), replaces: 0 }));
    tree.uses.note(event.subject.path, act);
    tree.replaces += 1;
    if (lonely.has(image)) tree.fresh.addAll(act.fresh);
  }
  return [...trees].flatMap(([root, { uses, fresh, replaces }]) => {
    if (written.has(root) || fresh.size === 0 || uses.names.size < 3 || guardOf(`${root}/0`, false) !== undefined)
      return [];
    const programs = uses.varying;
    const by = programs.length > 0 && programs.length <= MOST_PROGRAMS ? programs : undefined;
    const candidate: Candidate = {
      tier: "tree",
      rule: {
        at: `${root}/{<tree>}`,
        ...(by && { by }),
        of: ["open"],
        replaces,
        accepts: `to read any file below ${root}`,
        because: `${new Set([...fresh].map((trial) => trial % runs)).size} of ${runs} runs read something there that no other did, ${counted(uses.names.size, "file")} in all`,
      },
      names: uses.names,
      fresh,
      holdsFrom: (others, act) => uses.holdFrom(others, act.programs, "tree"),
    };
    return [candidate];
  });
}

function rootOf(path: string): string | undefined {
  const components = componentsOf(path);
  if (components === undefined) return undefined;
  for (const [root, deep] of ROOTS) {
    if (components.length > root.length + deep && root.every((name, at) => components[at] === name))
      return components.slice(0, root.length + deep).join("/");
  }
  return undefined;
}
