import { describe, expect, test } from "vitest";
import { Creations, type Label } from "./creations.ts";

const label = (text: string, release?: () => void): Label => ({
  text,
  fans: 0,
  rule: "created",
  ...(release && { release }),
});
const large = () => new Creations(1e9, () => undefined);
const labelsOf = (log: Creations, path: string) =>
  log.along(path)?.map((one) => [path.slice(one.start, one.end), one.label.text]);

describe("labels along a path", () => {
  test("a logged file, and what is below a logged directory", () => {
    const log = large();
    log.put("/tmp/xyz", label("{a#1}"));
    log.put("/tmp/xyz/sub/abc", label("{b#1}"));
    expect(labelsOf(log, "/tmp/xyz")).toEqual([["xyz", "{a#1}"]]);
    expect(labelsOf(log, "/tmp/xyz/sub")).toEqual([["xyz", "{a#1}"]]);
    expect(labelsOf(log, "/tmp/xyz/sub/abc/deeper")).toEqual([
      ["xyz", "{a#1}"],
      ["abc", "{b#1}"],
    ]);
    expect(labelsOf(log, "/tmp/xyzw")).toBeUndefined();
    expect(labelsOf(log, "/tmp")).toBeUndefined();
    expect(labelsOf(log, "/other/xyz")).toBeUndefined();
  });

  test("a path that is created anew has only its new label, and nothing below it", () => {
    const log = large();
    log.put("/tmp/xyz", label("{a#1}"));
    log.put("/tmp/xyz/abc", label("{b#1}"));
    log.put("/tmp/xyz", label("{c#1}"));
    expect(labelsOf(log, "/tmp/xyz/abc")).toEqual([["xyz", "{c#1}"]]);
    log.put("/tmp/xyz", undefined);
    expect(labelsOf(log, "/tmp/xyz/abc")).toBeUndefined();
    expect(log.size).toBe(0);
  });

  test("removing a path removes everything below it", () => {
    const log = large();
    log.put("/tmp/xyz", label("{a#1}"));
    log.put("/tmp/xyz/abc", label("{b#1}"));
    log.put("/tmp/other", label("{c#1}"));
    log.remove("/tmp/xyz");
    log.remove("/tmp/never");
    expect(labelsOf(log, "/tmp/xyz/abc")).toBeUndefined();
    expect(labelsOf(log, "/tmp/other")).toEqual([["other", "{c#1}"]]);
  });
});

describe("moves", () => {
  test("a directory moves with what is below it and gets the label of its new name", () => {
    const log = large();
    log.put("/tmp/xyz", label("{a#1}"));
    log.put("/tmp/xyz/s/abc", label("{b#1}"));
    log.move("/tmp/xyz", "/srv/final", undefined);
    expect(labelsOf(log, "/tmp/xyz/s/abc")).toBeUndefined();
    expect(labelsOf(log, "/srv/final/s/abc")).toEqual([["abc", "{b#1}"]]);
    log.move("/srv/final", "/srv/qqq", label("{c#1}"));
    expect(labelsOf(log, "/srv/qqq/s/abc")).toEqual([
      ["qqq", "{c#1}"],
      ["abc", "{b#1}"],
    ]);
  });

  test("the target of a move is removed", () => {
    const log = large();
    log.put("/d/target", label("{a#1}"));
    log.put("/d/target/in", label("{b#1}"));
    log.move("/d/unlogged", "/d/target", undefined);
    expect(labelsOf(log, "/d/target/in")).toBeUndefined();
    expect(log.size).toBe(0);
  });

  test("a path that replaces another takes its label", () => {
    const log = large();
    log.put("/d/target", label("{a#1}"));
    log.put("/d/target/in", label("{b#1}"));
    log.put("/d/aside", label("{c#1}"));
    log.moveOver("/d/aside", "/d/target");
    expect(labelsOf(log, "/d/aside")).toBeUndefined();
    expect(labelsOf(log, "/d/target/in")).toEqual([["target", "{a#1}"]]);
    log.moveOver("/d/target", "/d/target/in");
    expect(labelsOf(log, "/d/target")).toEqual([["target", "{a#1}"]]);
    expect(log.size).toBe(1);
  });

  test("names below a directory can be removed without the directory", () => {
    const log = large();
    log.put("/d/xyz", label("{a#1}"));
    log.put("/d/xyz/s/abc", label("{b#1}"));
    log.put("/e/plain/abc", label("{c#1}"));
    for (const path of ["/d/xyz", "/e/plain", "/never"]) log.forgetBelow(path);
    expect(labelsOf(log, "/d/xyz/s/abc")).toEqual([["xyz", "{a#1}"]]);
    expect(labelsOf(log, "/e/plain/abc")).toBeUndefined();
    expect(log.size).toBe(1);
  });
});

describe("bounds", () => {
  test("the oldest names are removed and counted; the newest stay", () => {
    let forgotten = 0;
    const log = new Creations(40_000, () => {
      forgotten += 1;
    });
    for (let n = 0; n < 10_000; n += 1) log.put(`/tmp/deep/er/name${n}`, label(`{a#${n}}`));
    expect(log.size).toBeLessThan(150);
    expect(forgotten).toBe(10_000 - log.size);
    expect(labelsOf(log, "/tmp/deep/er/name9999")).toEqual([["name9999", "{a#9999}"]]);
    expect(labelsOf(log, "/tmp/deep/er/name0")).toBeUndefined();
  });

  test("deep paths count by depth", () => {
    const log = new Creations(1_000_000, () => undefined);
    for (let n = 0; n < 100; n += 1) log.put(`/d${n}${"/a".repeat(2000)}`, label("{a#1}"));
    expect(log.size).toBe(1);
  });

  test("every label is released exactly once", () => {
    const released = new Map<string, number>();
    const counted = (text: string) => label(text, () => released.set(text, (released.get(text) ?? 0) + 1));
    const log = new Creations(3000, () => undefined);
    log.put("/a/one", counted("replaced"));
    log.put("/a/one", counted("removed"));
    log.remove("/a/one");
    log.put("/a/two", counted("moved"));
    log.move("/a/two", "/a/three", undefined);
    log.put("/b/dir", counted("above"));
    log.put("/b/dir/in", counted("below"));
    log.remove("/b");
    log.put("/c/x", counted("forgotten"));
    for (let n = 0; n < 20; n += 1) log.put(`/c/y${n}`, label("{a#1}"));
    expect(Object.fromEntries(released)).toEqual({
      replaced: 1,
      removed: 1,
      moved: 1,
      above: 1,
      below: 1,
      forgotten: 1,
    });
  });

  test("weight is released: a log that is emptied can be filled again and again", () => {
    let forgotten = 0;
    const log = new Creations(100_000, () => {
      forgotten += 1;
    });
    for (let round = 0; round < 200; round += 1) {
      for (let n = 0; n < 50; n += 1) log.put(`/tmp/r${round}/x${n}`, label("{a#1}"));
      log.move(`/tmp/r${round}`, `/tmp/s${round}`, label("{b#1}"));
      if (round % 2) log.forgetBelow(`/tmp/s${round}`);
      log.remove(`/tmp/s${round}`);
    }
    expect(forgotten).toBe(0);
    expect(log.size).toBe(0);
  });
});
