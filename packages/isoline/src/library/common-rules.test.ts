import type { Contour } from "@isoline/core/contour";
import { canonicalPolicy, type ClassRule, DEFAULT_POLICY } from "@isoline/core/identity";
import { describe, expect, it } from "vitest";
import { contourOf, openAct } from "../../../../test/arbitrary/contour.ts";
import { diff, merge } from "./contours.ts";

const rule = (at: string, about: Partial<ClassRule> = {}): ClassRule => ({
  at,
  of: ["open"],
  replaces: 2,
  accepts: "a number",
  because: "2 of 2 runs",
  ...about,
});
const [photo, log] = ["$CWD/up/{photo-<n>}.jpg", "$CWD/logs/{log-<n>}.txt"] as [string, string];
const under = (rules: readonly ClassRule[], ...files: readonly string[]): Contour =>
  contourOf(
    [{ chain: ["/bin/sh"], acts: files.map((file) => openAct(file)) }],
    canonicalPolicy({ ...DEFAULT_POLICY, classes: rules }),
  );
const pathsIn = (contour: Contour) =>
  Array.from({ length: contour.size }, (_, at) => (contour.event(at).subject as { path: string }).path).toSorted();

describe("contours that were generalised differently", () => {
  const ours = under([rule(photo)], photo, "$CWD/logs/log-9.txt", "/x");
  const theirs = under([rule(log)], log, "$CWD/up/photo-8.jpg");

  it("are merged with the rules of both, and a name that one learnt is one of the other's class", () => {
    const merged = merge(ours, theirs) as Contour;
    expect(pathsIn(merged)).toEqual([log, photo, "/x"].toSorted());
    expect(merged.policy).toBe(canonicalPolicy({ ...DEFAULT_POLICY, classes: [rule(photo), rule(log)] }));
  });

  it("are compared under the rules of both: what is left is the rules, and the acts of neither", () => {
    const { rules, onlyA, onlyB, equal } = diff(ours, theirs);
    expect([rules?.onlyA.map(({ at }) => at), rules?.onlyB.map(({ at }) => at)]).toEqual([[photo], [log]]);
    expect([onlyA.map(({ act }) => act), onlyB]).toEqual([[openAct("/x")], []]);
    expect(equal).toBe(false);
  });

  it("are refused where two rules about one place cannot be one, and under otherwise different policies", () => {
    const one = under([rule(photo, { by: ["sh"] })], photo);
    const other = under([rule(photo, { by: ["cp"] })], photo);
    expect(() => merge(one, other)).toThrow("two rules for $CWD/up/{photo-<n>}.jpg differ");
    const exact = contourOf([], canonicalPolicy({ ...DEFAULT_POLICY, content: "read" }));
    expect(() => merge(one, exact)).toThrow("the same policy");
    expect(() => diff(one, exact)).toThrow("the same policy");
  });
});
