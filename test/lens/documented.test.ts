import { readFileSync } from "node:fs";
import { parsePolicy, ruleNames } from "@isoline/core/identity";
import { expect, test } from "vitest";

const page = readFileSync(new URL("../../docs/lens.md", import.meta.url), "utf8");
const headings = [...page.matchAll(/^### (.*)$/gm)].flatMap(
  ([, heading]) => heading?.match(/(?<=`)[a-z-]+(?=`)/g) ?? [],
);

test("every rule has a section in docs/lens.md, and every section has a rule", () => {
  expect(headings.toSorted()).toEqual(ruleNames.toSorted());
});

test("the policy in docs/lens.md is valid", () => {
  const [, yaml = ""] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  const value = (key: string) => new RegExp(`^${key}: +(\\S+)`, "m").exec(yaml)?.[1];
  const pseudonyms = [...yaml.matchAll(/path: "?([^",]+)"?, as: (\w+)(, content: false)?/g)].map(
    ([, path, as, content]) => ({
      path,
      as,
      ...(content ? { content: false } : {}),
    }),
  );
  expect(pseudonyms).toHaveLength(3);
  expect(
    parsePolicy({
      lens: value("lens"),
      content: value("content"),
      reaction: value("reaction"),
      iouring: value("iouring"),
      pseudonyms,
    }).pseudonyms.map(({ as }) => as),
  ).toEqual(["COVERAGE", "APP", "LOG"]);
});
