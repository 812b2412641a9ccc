import { Neighbourhood } from "@isoline/core/engine";
import { type Event, type FieldKind, fieldsOf, type Operation } from "@isoline/core/event";
import type { Task } from "@isoline/core/identity";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { closeness, differences, isSameKind, placeOf } from "../../packages/core/src/engine/similarity.ts";
import { contentOf, event, learnt, node, npm, opens, root, sh } from "./workload.ts";

const placesOf = (near: readonly { event: Event }[]) => near.map(({ event: each }) => placeOf(each));

describe("the nearest points", () => {
  test("come in order of similarity", () => {
    const path = "$CWD/lock";
    const elsewhere = opens(node, "$CWD/other");
    const otherTask = opens(sh, path);
    const otherAct = event(node, "unlink", { path, mode: 0o100644, uid: 1, gid: 1, fs: "disk" });
    const sameAct = opens(node, path, "append");
    const contour = learnt(elsewhere, otherTask, otherAct, sameAct);
    expect(new Neighbourhood(contour).nearest(opens(node, path), 10)).toEqual([
      { index: 3, kinship: "same-act", event: sameAct },
      { index: 2, kinship: "same-place", event: otherAct },
      { index: 1, kinship: "other-task", event: otherTask },
      { index: 0, kinship: "same-task", event: elsewhere },
    ]);
  });

  test("prefer shared directories, then the same name, then the earlier point", () => {
    const contour = learnt(
      ...["/usr/lib/a", "$HOME/x/config", "$HOME/.npmrc", "$HOME/.ssh/known_hosts", "/etc/id_rsa"].map((path) =>
        opens(node, path),
      ),
    );
    const near = new Neighbourhood(contour).elsewhere(opens(node, "$HOME/.ssh/id_rsa"));
    expect(placesOf(near).slice(0, 2)).toEqual(["$HOME/.ssh/known_hosts", "/etc/id_rsa"]);
    expect(placesOf(near).at(-1)).toBe("/usr/lib/a");
    const twins = new Neighbourhood(learnt(opens(node, "/b"), opens(node, "/c"))).elsewhere(opens(node, "/a"));
    expect(placesOf(twins)).toEqual(["/b", "/c"]);
  });

  test("prefer a file to a directory, where a file was opened", () => {
    const directory = opens(node, "/srv", "read", { mode: 0o040755 });
    const near = new Neighbourhood(learnt(directory, opens(node, "/etc/motd"))).elsewhere(opens(node, "/opt/x/key"));
    expect(placesOf(near)).toEqual(["/etc/motd", "/srv"]);
  });

  test("follow a contour that grows", () => {
    const contour = learnt();
    expect(new Neighbourhood(contour).nearest(opens(node, "/a"))).toEqual([]);
    const growing = new Neighbourhood({ ...forward(learnt(opens(node, "/b"), opens(node, "/c"))), size: 1 });
    expect(placesOf(growing.nearest(opens(node, "/a")))).toEqual(["/b"]);
    Object.assign(growing.points, { size: 2 });
    expect(placesOf(growing.nearest(opens(node, "/a")))).toEqual(["/b", "/c"]);
  });

  test("are found by directory where one task has thousands of points of one operation", () => {
    const target = opens(node, "/srv/data/07/closest");
    const many = Array.from({ length: 5000 }, (_, at) => opens(node, `/var/cache/${at % 100}/${at}`));
    const contour = learnt(target, opens(node, "/srv/top"), ...many);
    const neighbourhood = new Neighbourhood(contour);
    expect(placesOf(neighbourhood.nearest(opens(node, "/srv/data/07/new"), 2))).toEqual([
      "/srv/data/07/closest",
      "/srv/top",
    ]);
    expect(placesOf(neighbourhood.nearest(opens(node, "/srv/data/08/new"), 1))).toEqual(["/srv/top"]);
    expect(placesOf(neighbourhood.nearest(opens(node, "/var/cache/7/new"), 1))[0]).toMatch(/^\/var\/cache\/7\//);
  });

  test("cost no more for a path with thousands of components than for others", () => {
    const contour = learnt(...Array.from({ length: 600 }, (_, at) => opens(node, `/a/${at}`)));
    expect(new Neighbourhood(contour).nearest(opens(node, `${"/a".repeat(2000)}/x`), 3)).toHaveLength(3);
  });
});

function forward(contour: ReturnType<typeof learnt>) {
  return {
    event: (index: number) => contour.event(index),
    indexOf: (each: Event) => contour.indexOf(each),
    task: (id: Task["id"]) => contour.task(id),
    taskChain: (id: Task["id"]) => contour.taskChain(id),
  };
}

/**
 * Events of operations whose first field is a path, whose path follows other fields, that have an address, lists, wide
 * integers, or no name.
 */
const operations: Operation[] = [
  "open",
  "exec",
  "unlink",
  "mount",
  "module",
  "connect",
  "kill",
  "setid",
  "capset",
  "iouring",
];
const values: Record<FieldKind, fc.Arbitrary<unknown>> = {
  path: fc.constantFrom("/a", "/a/b", "/a/b/c", "/ab", "$HOME/a", "/é/ü", "a"),
  text: fc.constantFrom("read", "x", "/a"),
  list: fc.array(fc.constantFrom("0", "/a"), { maxLength: 2 }),
  u32: fc.constantFrom(0, 9),
  octal: fc.constantFrom(0o100644, 0o100600),
  id: fc.constantFrom(0, 1000),
  u64: fc.constantFrom(0n, 2n ** 63n),
  digest: fc.constantFrom(contentOf("one"), contentOf("two")),
};
const anyEvent = fc.constantFrom(...operations).chain((op) =>
  fc
    .record(
      Object.fromEntries(
        fieldsOf(op).map(([name, field]) => [
          name,
          field.optional ? fc.option(values[field.kind], { nil: undefined }) : values[field.kind],
        ]),
      ),
    )
    .chain((subject) => {
      const present = Object.fromEntries(Object.entries(subject).filter(([, value]) => value !== undefined));
      return fc
        .tuple(fc.constantFrom(npm, sh, node), fc.constantFrom(undefined, root))
        .map(([task, credentials]) => event(task, op, present as never, credentials));
    }),
);

test("are those that a search of every point would find, in the same order", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 40 }), anyEvent, (events, asked) => {
      const contour = learnt(...events);
      const points = Array.from({ length: contour.size }, (_, index) => contour.event(index));
      const kin = (index: number) => {
        const one = points[index] as Event;
        const [task, op] = [one.actor.task === asked.actor.task, one.op === asked.op];
        if (placeOf(one) !== placeOf(asked)) return task && op ? "same-task" : undefined;
        return task && op ? "same-act" : task ? "same-place" : op ? "other-task" : undefined;
      };
      const ranked = (kinship: string, score: (one: Event) => number) =>
        [...points.keys()]
          .filter((index) => kin(index) === kinship)
          .toSorted((a, b) => score(points[b] as Event) - score(points[a] as Event) || a - b);
      const alike = (one: Event) => -differences(one, asked).length;
      const kind = (one: Event) => (isSameKind(one, asked) ? 2 : 0);
      const close = (one: Event) => closeness(placeOf(one), placeOf(asked)) + kind(one) + alike(one) / 100;
      const expected = [
        ...["same-act", "same-place", "other-task"].flatMap((kinship) => ranked(kinship, alike)),
        ...ranked("same-task", close),
      ];
      const found = new Neighbourhood(contour).nearest(asked, 100);
      expect(found.map(({ index }) => index)).toEqual(expected);
      for (const { index, kinship } of found) expect(kinship).toBe(kin(index));
    }),
    { numRuns: 300 },
  );
});
