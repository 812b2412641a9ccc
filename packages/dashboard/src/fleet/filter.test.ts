import { describe, expect, it } from "vitest";
import { atTheVerifier, parseFilter, passes, toggled } from "./filter.ts";

const node = {
  name: "Web-07",
  fields: { state: "stale", tenant: "acme", failure: undefined },
  labels: { region: "eu-north", "a=b": "c" },
};

describe("the filter line", () => {
  it.each([
    ["", true],
    ["web", true],
    ["web 08", false],
    ["state=stale region=eu-north", true],
    ["region=eu", false],
    ["region=eu*", true],
    ["!region=us*", true],
    ["!web", false],
    ["failure=", false],
    ["constructor=x", false],
    ["!", true],
  ])("%j passes: %s", (line, passed) => {
    expect(passes(parseFilter(line), node)).toBe(passed);
  });

  it("says what the verifier can filter by", () => {
    expect(atTheVerifier(parseFilter("web state=stale region=eu zone=a* !tenant=b"))).toStrictEqual({
      state: "stale",
      label: ["region=eu"],
    });
  });

  it.each([
    ["", "state=stale", "state=stale"],
    ["web state=unknown", "state=stale", "web state=stale"],
    ["web state=stale", "state=stale", "web"],
  ])("%j with %j toggled is %j", (line, term, result) => {
    expect(toggled(line, term)).toBe(result);
  });
});
