import { expect, test } from "vitest";
import { type Digest, ZERO_DIGEST } from "../../digest.ts";
import { deriveTask, type Task } from "../task.ts";
import { NamePaths } from "./name-path.ts";

const sh = deriveTask(ZERO_DIGEST, [{ path: "/bin/sh" }]);
const cc = deriveTask(sh.id, [{ path: "/bin/cc" }], { as: "c99" });

test("a task is named by the programs that led to it; before the first program there is none", () => {
  const lines = new Map<Digest, readonly Task[]>([
    [sh.id, [sh]],
    [cc.id, [sh, cc]],
  ]);
  const paths = new NamePaths((id) => lines.get(id) ?? []);
  expect([ZERO_DIGEST, sh.id, cc.id, cc.id].map((id) => paths.of(id))).toEqual(["-", "sh", "sh>cc:c99", "sh>cc:c99"]);
});

test("a task that is unknown has no name that a rule may hold, until it is known", () => {
  let line: readonly Task[] = [];
  const paths = new NamePaths(() => line);
  expect(paths.of(cc.id)).toBe("");
  line = [sh, cc];
  expect(paths.of(cc.id)).toBe("sh>cc:c99");
});

test("of ever new tasks with long names, few paths are remembered; one that is looked up again is the same", () => {
  const name = "n".repeat(10_000);
  let found = 0;
  const paths = new NamePaths(() => {
    found += 1;
    return [{ ...sh, images: [{ path: `/tmp/${name}` }] }];
  });
  const ids = Array.from({ length: 1000 }, (_, index) => String(index).padStart(64, "a") as Digest);
  for (const id of ids) expect(paths.of(id)).toBe(name);
  expect(found).toBe(1000);
  expect(paths.of(ids[999] as Digest)).toBe(name);
  expect(found).toBe(1000);
  expect(paths.of(ids[0] as Digest)).toBe(name);
  expect(found).toBe(1001);
});
