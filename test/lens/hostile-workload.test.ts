/** Workloads that try to exhaust, confuse or slow down the lens. */
import { parsePolicy } from "@isoline/core/identity";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ann, Namespace } from "./namespace.ts";

describe("names without end", () => {
  test("the log has a limit; a forgotten name is counted, and becomes a path like any other", () => {
    const namespace = new Namespace();
    const node = namespace.process(0, "node");
    const count = 80_000;
    for (let index = 0; index < count; index += 1) node.draws(`/tmp/name${index}`);
    const { "creations-forgotten": forgotten } = namespace.fired();
    expect(forgotten).toBeGreaterThan(1000);
    expect(node.sees("/tmp/name0")).toBe("$TMP/name0");
    expect(node.sees(`/tmp/name${count - 1}`)).toBe("$TMP/{node#+}");
  });

  test("deep directories count by depth", () => {
    const namespace = new Namespace();
    const node = namespace.process(0, "node");
    for (let index = 0; index < 200; index += 1) node.draws(`/tmp/d${index}${"/a".repeat(2000)}/sixsix`);
    expect(namespace.fired()["creations-forgotten"]).toBeGreaterThan(100);
    expect(node.sees(`/tmp/d199${"/a".repeat(2000)}/sixsix`)).toBe(`$TMP/d199${"/a".repeat(2000)}/{node#1}`);
  });

  test("processes without end, each with a name of its own", () => {
    const namespace = new Namespace({ ...ann, pids: Array.from({ length: 5000 }, (_, index) => 100_000 + index) });
    const names = new Set<string>();
    for (let index = 0; index < 5000; index += 1) {
      const process = namespace.process(index, "sh");
      names.add(process.draws(`/tmp/sh-thd.${1000 + index}aB`));
      names.add(process.creates(`/tmp/log.${process.pid}`));
      names.add(process.unlinks(`/tmp/sh-thd.${1000 + index}aB`));
    }
    expect([...names].sort()).toEqual(["$TMP/{sh#1}", "$TMP/{sh#2}"]);
  });
});

describe("odd paths", () => {
  const odd = [
    `/${"a".repeat(4095)}`,
    "/a".repeat(2048),
    `/${"\\xff".repeat(255)}`,
    `/tmp/${"{node#1}".repeat(30)}`,
    `/proc/${"9".repeat(4000)}/fd/${"1".repeat(90)}`,
    `/proc/4711/task/${"1/task/".repeat(500)}1`,
    `/dev/pts/${"1".repeat(300)}`,
    `/tmp/${"-1234".repeat(50)}`,
    `/tmp/${"2026-11-24T".repeat(22)}`,
    `/tmp/objects/${"ab/".repeat(1000)}cd`,
    "//double//slashes",
    "/trailing/",
    "/tmp/",
    "/.",
    "/..",
  ];

  test.each(odd.map((path) => [path.slice(0, 40), path]))("%s…", (_, path) => {
    const namespace = new Namespace(ann, parsePolicy({ pseudonyms: [{ path: "/a/**/b/**/c/*x*y*z", as: "DEEP" }] }));
    const node = namespace.process(0, "node");
    expect(typeof node.sees(path)).toBe("string");
    expect(typeof node.draws(path)).toBe("string");
    expect(typeof node.makesDirectory(path, 0o700)).toBe("string");
    expect(typeof node.renames(path, `${path}x`)).toBe("string");
    expect(typeof node.renames(`${path}x`, path, "exchange")).toBe("string");
    expect(typeof node.address("bind", path)).toBe("string");
    expect(typeof node.address("bind", `@${path}`)).toBe("string");
    expect(typeof node.does("symlink", { path, content: path.slice(1) })).toBe("string");
    expect(typeof node.does("symlink", { path, content: "../".repeat(1365) })).toBe("string");
    expect(typeof node.unlinks(path)).toBe("string");
  });
});

test("no order of operations on the same few names confuses the log", () => {
  const place = fc.constantFrom(
    "/tmp",
    "/tmp/X7a9Qq12",
    "/tmp/X7a9Qq12/Y7a9Qq12",
    "/srv",
    "/srv/fixed",
    "/srv/fixed/Z7a9Qq12",
    "/",
  );
  const step = fc.tuple(
    fc.constantFrom("draw", "mkdir", "unlink", "rename", "exchange", "withdraw", "see"),
    place,
    place,
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const namespace = new Namespace();
      const node = namespace.process(0, "node");
      for (const [what, one, other] of steps) {
        if (what === "draw") node.draws(one);
        else if (what === "mkdir") node.makesDirectory(one, 0o700);
        else if (what === "unlink") node.unlinks(one);
        else if (what === "withdraw") namespace.leveller.withdraw();
        else if (what === "see") node.sees(one);
        else node.renames(one, other, what === "exchange" ? what : "no");
      }
      for (const path of ["/tmp", "/srv"]) node.unlinks(path);
      expect(node.sees("/tmp/X7a9Qq12/Y7a9Qq12")).toBe("$TMP/X7a9Qq12/Y7a9Qq12");
      expect(node.sees("/srv/fixed/Z7a9Qq12")).toBe("/srv/fixed/Z7a9Qq12");
      expect(node.draws("/tmp/X7a9Qq12")).toBe("$TMP/{node#1}");
    }),
    { numRuns: 500 },
  );
});
