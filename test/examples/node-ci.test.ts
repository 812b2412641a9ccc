import { beforeAll, describe, expect, test } from "vitest";
import { type Ended, isBuilt } from "../support/isoline.ts";
import { step, tryExample } from "./example.ts";

describe.skipIf(!isBuilt)("examples/node-ci", () => {
  let said: Ended;
  beforeAll(async () => {
    said = await tryExample("node-ci");
  });

  test("the contour is learnt, and a fresh checkout is on it", () => {
    expect(said.status).toBe(0);
    expect(step(said.stdout, "# Learn in the image")).toContain("(exit status 0)");
    expect(step(said.stdout, "# CI, on every push")).toContain("(exit status 0)");
    expect(said.stderr.match(/^isoline: on contour: /gm)).toHaveLength(1);
  });

  test("a release that reads a new file fails the check, and the review shows that one point", () => {
    expect(step(said.stdout, "# A pull request: slug 1.1.0")).toContain("(exit status 3)");
    expect(said.stderr).toMatch(/^isoline: off contour: .* opened \$CWD\/vendor\/slug\/letters\.json for reading; /m);
    const review = step(said.stdout, "# It is meant to.");
    expect(review.match(/^[+-] {3}.*/gm)).toEqual(["+   opened $CWD/vendor/slug/letters.json for reading"]);
  });

  test("a release that writes into the home fails the check, although the tests pass", () => {
    const stolen = step(said.stdout, "# A pull request: slug 2.0.0");
    expect(stolen).toMatch(/^# pass 1$|^ℹ pass 1$/m);
    expect(stolen).toContain("(exit status 3)");
    expect(said.stderr).toMatch(/^isoline: off contour: .* created \$HOME\/\.profile for writing and appending; /m);
    expect(said.stderr.match(/^isoline: off contour: `/gm)).toHaveLength(2);
  });
});
