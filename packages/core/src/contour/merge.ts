/** Merges several contours into one that permits what any of them permits. */
import type { Digest } from "../digest.ts";
import type { Exchange } from "../profile/profile.ts";
import { assertMergeable } from "./comparable.ts";
import { Contour } from "./contour.ts";
import { mergePolicies } from "./merge-policies.ts";

/**
 * A new contour with every task, every point and every gap of all. It does not depend on the order of the contours, nor on how
 * often one is given. Refuses contours of another profile, policy, base or aggregate with `not-comparable`.
 *
 * @example
 * import { Contour, iso1, mergeContours } from "@isoline/core";
 *
 * const empty = Contour.create({ profile: iso1, policy: "{}" });
 * console.log(mergeContours([empty, empty]).state() === empty.state());
 * // prints: true
 */
export function mergeContours<E extends Exchange>(contours: readonly [Contour<E>, ...Contour<E>[]]): Contour<E> {
  const [first, ...others] = contours;
  for (const other of others) assertMergeable(first, other);
  const merged = emptyLike(first);
  for (const contour of contours) addTo(merged, contour, () => true);
  merged.beginRun();
  return merged;
}

/**
 * What two branches of a history have made of one contour: with what either added, and without what either took out, of the policy
 * too. Refuses, with `not-comparable`, branches that cannot be put together.
 */
export function mergeBranches<E extends Exchange>(
  origin: Contour<E>,
  ours: Contour<E>,
  theirs: Contour<E>,
): Contour<E> {
  const policy = mergePolicies(origin.policy, ours.policy, theirs.policy);
  const branches = [ours, theirs].map((branch) => underPolicy(branch, policy)) as [Contour<E>, Contour<E>];
  assertMergeable(...branches);
  const merged = emptyLike(branches[0]);
  const stays = (point: Digest) =>
    origin.indexOfPoint(point) < 0 || branches.every((branch) => branch.indexOfPoint(point) >= 0);
  const remains = (reason: string) =>
    !origin.incomplete.includes(reason) || branches.every((branch) => branch.incomplete.includes(reason));
  for (const branch of branches) addTo(merged, branch, stays, remains);
  merged.beginRun();
  return merged;
}

/** An empty contour for the same behaviour, under the same policy. */
export function emptyLike<E extends Exchange>({ profile, policy, base, aggregate }: Contour<E>): Contour<E> {
  return Contour.create({ profile, policy, base, aggregate });
}

/** The same points under another policy. */
function underPolicy<E extends Exchange>(contour: Contour<E>, policy: string): Contour<E> {
  if (contour.policy === policy) return contour;
  const { profile, base, aggregate } = contour;
  const changed = Contour.create({ profile, policy, base, aggregate });
  addTo(changed, contour, () => true);
  return changed;
}

function addTo<E extends Exchange>(
  merged: Contour<E>,
  contour: Contour<E>,
  stays: (point: Digest) => boolean,
  remains: (reason: string) => boolean = () => true,
): void {
  for (const task of contour.tasks()) merged.defineTask(task);
  for (let index = 0; index < contour.size; index++) if (stays(contour.point(index))) merged.add(contour.event(index));
  for (const reason of contour.incomplete) if (remains(reason)) merged.flag(reason);
}
