/** Amending contours on disk: what departed is accepted, what is not done any more is removed, an update is written in. */
import type { AnyContour, Contour } from "@isoline/core/contour";
import { type Consequence, queryContour } from "@isoline/core/engine";
import { formatAct } from "@isoline/core/event";
import { iso1 } from "@isoline/core/profile";
import { IsolineError } from "@isoline/core/error";
import type { RunReport } from "../namespace/report.ts";
import { accept as acceptAll, type AcceptOptions as Choice } from "./amend/accept.ts";
import { prunable, prune as remove } from "./amend/prune.ts";
import { departedIn } from "./amend/report-file.ts";
import { departedFrom } from "./amend/source.ts";
import { update as updateFile, type UpdateOptions } from "./update/update.ts";

/** What to accept, and why. */
export interface AcceptOptions {
  /** Only departures that one of these patterns means, as `isoline query` has them; every departure if left out. */
  readonly only?: readonly string[] | undefined;
  /** Why, for the evidence. */
  readonly reason?: string | undefined;
}

/** What accepting came to; each act as text. */
export interface Accepted {
  readonly added: readonly string[];
  /** Acts of programs whose execution was not accepted. */
  readonly orphaned: readonly string[];
  /** What cannot be accepted, because it was not observed whole. */
  readonly open: readonly string[];
  /** How many departures were not chosen. */
  readonly left: number;
  /** How many were on the contour already. */
  readonly already: number;
  /** How many points the contour has now. */
  readonly points: number;
  readonly removedSignature: boolean;
}

/**
 * Accepts departures: they become points of the contour, and nothing is run again. `source` is a report, the file of one, or the name
 * of a namespace, live or by its journal. Throws `bad-report` for a report that is damaged, or of another contour.
 *
 * @example
 * import { check, contours, learn } from "isoline";
 *
 * await (await learn(["sh", "-c", "cat /etc/hostname > /dev/null"], { output: "cat.contour" })).ended;
 * const run = await check("cat.contour", ["sh", "-c", "cat /etc/hostname /etc/passwd > /dev/null"]);
 * const { report } = await run.ended;
 * const { added, open } = await contours.accept("cat.contour", report, { reason: "it reads users now" });
 * console.log(added.some((act) => act.includes("/etc/passwd")), open.length);
 * // prints: true 0
 */
export async function accept(
  file: string,
  source: string | RunReport,
  { only, reason }: AcceptOptions = {},
): Promise<Accepted> {
  const choice: Choice = { ...(only ? { only } : {}), reason };
  const { added, orphaned, open, left, already, size, removedSignature } = await acceptAll(
    file,
    typeof source === "string" ? await departedFrom(source) : departedIn(source, "the report"),
    choice,
  );
  const acts = (proposals: typeof added) => proposals.map(({ event }) => formatAct(event));
  return {
    added: acts(added),
    orphaned: acts(orphaned),
    open: acts(open),
    left,
    already,
    points: size,
    removedSignature,
  };
}

/** What the last runs did not do; each act as text. */
export interface Pruned {
  readonly unseen: readonly string[];
  /** How many points the contour has now. */
  readonly points: number;
  readonly removed: boolean;
}

/**
 * What none of the last `runs` runs did. It is taken out of the contour if `remove` says so. Throws `bad-evidence` where there is no
 * evidence of so many runs.
 *
 * @example
 * import { contours, learn } from "isoline";
 *
 * await (await learn(["sh", "-c", "cat /etc/hostname > /dev/null"], { output: "old.contour" })).ended;
 * await (await learn(["sh", "-c", "true"], { output: "old.contour", merge: true })).ended;
 * const { unseen } = await contours.prune("old.contour", 1);
 * console.log(unseen.some((act) => act.includes("/etc/hostname")));
 * // prints: true
 */
export async function prune(file: string, runs: number, { remove: removes = false } = {}): Promise<Pruned> {
  const found = await prunable(file, runs);
  const unseen = found.points.map((index) => formatAct(found.contour.event(index)));
  if (removes && unseen.length > 0) remove(file, found);
  return { unseen, points: found.contour.size - (removes ? unseen.length : 0), removed: removes && unseen.length > 0 };
}

/** What an update changes on a contour. */
export interface Updated {
  /** Files on the contour that the update replaces. */
  readonly replaced: readonly { readonly path: string; readonly from: string; readonly to: string }[];
  /** What it replaces in a way that could not be predicted, in words. */
  readonly unpredicted: readonly string[];
  /** How many points the contour has now. */
  readonly points: number;
}

/**
 * Rewrites a contour for an update of what its workload runs, before that is installed. `from` and `to` are two directories, Debian
 * packages, lock files of npm or OCI layouts; `dryRun` only predicts.
 *
 * @example
 * import { contours, learn } from "isoline";
 * import { copyFileSync, mkdirSync } from "node:fs";
 *
 * for (const version of ["1", "2"]) mkdirSync(version);
 * copyFileSync("/bin/true", "1/tool");
 * copyFileSync("/bin/false", "2/tool");
 * copyFileSync("1/tool", "tool");
 * await (await learn(["./tool"], { output: "tool.contour" })).ended;
 * const { unpredicted } = await contours.update("tool.contour", { from: "1", to: "2", dryRun: true });
 * console.log(unpredicted.length);
 * // prints: 0
 */
export async function update(file: string, options: UpdateOptions): Promise<Updated> {
  const { predicted, unpredicted, size } = await updateFile(file, options);
  const replaced = predicted.map(({ path, from, to }) => ({ path, from, to }));
  return { replaced, unpredicted, points: size };
}

/** An act that answers a question. */
export interface Answer {
  /** The programs that led to it, by name. */
  readonly program: string;
  readonly act: string;
  readonly consequence: Consequence;
}

/**
 * What a contour permits of what a question means, gravest first: `write path=$HOME/.ssh/`, `connect`, `by=npm exec`. The language is
 * that of `isoline query`. Empty means that nothing of the kind is on the contour.
 *
 * @example
 * import { contours, learn } from "isoline";
 *
 * await (await learn(["sh", "-c", "cat /etc/hostname > /dev/null"], { output: "cat.contour" })).ended;
 * const contour = await contours.read("cat.contour");
 * console.log(contours.query(contour, "open path=/etc/hostname").length, contours.query(contour, "connect").length);
 * // prints: 1 0
 */
export function query(contour: AnyContour, question: string): readonly Answer[] {
  if (contour.profile !== iso1)
    throw new IsolineError("bad-query", `expected a contour of the profile iso1, got one of ${contour.profile.name}`);
  return queryContour(contour as Contour, question).flatMap(({ program, acts }) =>
    acts.map(({ act, consequence }) => ({ program, act, consequence })),
  );
}
