/** Two contours can be compared point by point if they have the same profile and observe behaviour under the same policy. */
import { IsolineError } from "../error.ts";
import type { Exchange } from "../profile/profile.ts";
import type { Contour } from "./contour.ts";

/** Refuses, with `not-comparable`, contours of different profiles or policies. */
export function assertComparable<E extends Exchange>(a: Contour<E>, b: Contour<E>): void {
  assertEqual("profile", a.profile.name, b.profile.name);
  assertEqual("policy", a.policyDigest, b.policyDigest);
}

/** The same check for contours that are merged: their measurements also have to share the base and the aggregate. */
export function assertMergeable<E extends Exchange>(a: Contour<E>, b: Contour<E>): void {
  assertComparable(a, b);
  assertEqual("base", a.base, b.base);
  assertEqual("aggregate", a.aggregate, b.aggregate);
}

/** Refuses, with `not-comparable`, a contour that lacks a point of the present one or differs in what points are made with. */
export function assertSuperset<E extends Exchange>(present: Contour<E>, next: Contour<E>): void {
  assertMergeable(present, next);
  let missing = 0;
  for (let index = 0; index < present.size; index++) if (next.indexOfPoint(present.point(index)) < 0) missing += 1;
  if (missing === 0) return;
  throw new IsolineError(
    "not-comparable",
    `expected every point of the present contour, but ${missing} of ${present.size} are missing: a live contour is only widened; to narrow it, start the command anew`,
  );
}

function assertEqual(what: string, a: string, b: string): void {
  if (a === b) return;
  throw new IsolineError(
    "not-comparable",
    `two contours must have the same ${what}; one has ${a}, the other ${b}: learn both under the same`,
  );
}
