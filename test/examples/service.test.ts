import { beforeAll, describe, expect, test } from "vitest";
import { type Ended, isBuilt } from "../support/isoline.ts";
import { step, tryExample } from "./example.ts";

describe.skipIf(!isBuilt)("examples/service", () => {
  let said: Ended;
  beforeAll(async () => {
    said = await tryExample("service");
  });

  test("its tests pass while learning and while enforcing, and it ends as usual", () => {
    expect(said.status).toBe(0);
    for (const heading of ["# Learn: ", "# Serve: "]) expect(step(said.stdout, heading)).toContain("tests passed");
    expect(said.stdout.match(/^\(exit status 0\)$/gm)).toHaveLength(3);
  });

  test("a page that no test requested is served", () => {
    expect(step(said.stdout, "# A page that")).toContain("200 <h1>News</h1>");
  });

  test("the request through the hole is refused, with the reason", () => {
    expect(step(said.stdout, "# The hole").match(/^403 EPERM$/gm)).toHaveLength(2);
    expect(said.stderr).toMatch(
      /^isoline: refused, off contour: `node server\.js` opened \$CWD\/secrets\.json for reading; /m,
    );
    expect(said.stderr).toMatch(
      /^isoline: refused, off contour: `node server\.js` opened \/etc\/passwd for reading; /m,
    );
    expect(said.stderr).toMatch(/^isoline: off contour: 2 departures, all refused; /m);
  });

  test("without a contour the same request returns the secret", () => {
    expect(step(said.stdout, "# Without a contour")).toContain('200 { "password": "not for you" }');
  });
});
