import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryBehaviour, plainCredentials } from "../../../../test/arbitrary/event.ts";
import { type Digest, sha256, ZERO_DIGEST } from "../digest.ts";
import type { Actor, Event } from "../event/event.ts";
import { deriveTask, type Task } from "../identity/task.ts";
import { iso1, iso1Point } from "../profile/iso1.ts";
import { Contour } from "./contour.ts";

const nobody: Actor = { task: ZERO_DIGEST, parent: ZERO_DIGEST, credentials: plainCredentials };
const chroot = (path: string, actor = nobody): Event => ({ op: "chroot", actor, subject: { path } });
const empty = (base?: Digest, aggregate?: Digest) => Contour.create({ profile: iso1, policy: "{}", base, aggregate });

function learn(events: readonly Event[], tasks: readonly Task[] = []): Contour {
  const contour = empty();
  for (const task of tasks) contour.defineTask(task);
  for (const event of events) contour.add(event);
  return contour;
}

const code = (code: string) => expect.objectContaining({ name: "IsolineError", code });

describe("points", () => {
  test("an event is added once, and found by itself and by its point", () => {
    const contour = empty();
    expect(contour.indexOf(chroot("/a"))).toBe(-1);
    const first = contour.add(chroot("/a"));
    expect(first).toEqual({ index: 0, point: iso1Point(chroot("/a")), added: true });
    expect(contour.add(chroot("/a"))).toEqual({ ...first, added: false });
    expect(contour.indexOf(chroot("/a"))).toBe(0);
    expect(contour.indexOfPoint(first.point)).toBe(0);
    expect(contour.indexOfPoint(sha256(Buffer.from("another")))).toBe(-1);
    expect(contour.size).toBe(1);
  });

  test("what was added is given back", () => {
    fc.assert(
      fc.property(arbitraryBehaviour, ({ tasks, events }) => {
        const contour = learn(events, tasks);
        for (const event of events) {
          const index = contour.indexOf(event);
          expect(contour.event(index)).toEqual(event);
          expect(contour.point(index)).toBe(iso1Point(event));
          expect(contour.actor(index)).toEqual(event.actor);
        }
        expect(contour.size).toBe(new Set(events.map(iso1Point)).size);
      }),
    );
  });

  test("ten thousand points are all found, across every growth", () => {
    const contour = empty();
    const paths = Array.from({ length: 10_000 }, (_, at) => `/p${at}`);
    for (const path of paths) contour.add(chroot(path));
    expect(paths.every((path, at) => contour.indexOf(chroot(path)) === at)).toBe(true);
    expect(contour.indexOf(chroot("/p10000"))).toBe(-1);
    expect(contour.event(9_999)).toEqual(chroot("/p9999"));
  });
});

describe("what is refused", () => {
  test("a new point by a sealed contour, which goes on counting known ones", () => {
    const contour = learn([chroot("/a")]);
    contour.seal();
    expect(contour.sealed).toBe(true);
    expect(() => contour.add(chroot("/b"))).toThrow(code("sealed"));
    expect(contour.size).toBe(1);
    expect(contour.add(chroot("/a")).added).toBe(false);
  });

  test("an actor whose task is not defined, or whose parent is not the task's", () => {
    const task = deriveTask(ZERO_DIGEST, [{ path: "/bin/sh" }]);
    const actor = { ...nobody, task: task.id };
    expect(() => empty().add(chroot("/a", actor))).toThrow(code("bad-event"));
    const other = deriveTask(ZERO_DIGEST, [{ path: "/bin/other" }]);
    expect(() => learn([chroot("/a", { ...actor, parent: other.id })], [task, other])).toThrow(code("bad-event"));
    expect(learn([chroot("/a", actor)], [task]).size).toBe(1);
  });

  test("a task with an id that does not follow, an unknown parent or an unescaped path", () => {
    const task = deriveTask(ZERO_DIGEST, [{ path: "/bin/sh" }]);
    expect(() => empty().defineTask({ ...task, id: sha256(Buffer.from("x")) })).toThrow(code("bad-event"));
    expect(() => empty().defineTask(deriveTask(task.id, [{ path: "/bin/ls" }]))).toThrow(code("bad-event"));
    expect(() => empty().defineTask(deriveTask(ZERO_DIGEST, [{ path: "/bin/a b" }]))).toThrow(code("bad-event"));
  });

  test("an event whose text is not escaped, so that no file could hold it", () => {
    expect(() => empty().add(chroot("/a b"))).toThrow(code("bad-event"));
    expect(() => empty().add(chroot("/a\n"))).toThrow(code("bad-event"));
  });

  test.each(["", "[]", "null", "{ }", '{"a":1}\n', '{"a":1,"a":2}', "{"])("the policy %j", (policy) => {
    expect(() => Contour.create({ profile: iso1, policy })).toThrow(code("bad-policy"));
  });

  test("another aggregate after the first point", () => {
    const aggregate = "ab".repeat(32) as Digest;
    const contour = empty();
    contour.setAggregate(aggregate);
    contour.add(chroot("/a"));
    contour.setAggregate(aggregate);
    expect(() => contour.setAggregate(ZERO_DIGEST)).toThrow(code("not-comparable"));
    expect(contour.measurement()).toBe(learnUnder(aggregate).measurement());
  });
});

function learnUnder(aggregate: Digest): Contour {
  const contour = empty(undefined, aggregate);
  contour.add(chroot("/a"));
  return contour;
}

describe("measurement and state", () => {
  const H = (...parts: Buffer[]) => Buffer.from(sha256(Buffer.concat(parts)), "hex");
  const zeros = Buffer.alloc(32);

  /** Computed directly from the definition in the specification. */
  function fold(points: readonly Digest[], base: Buffer, aggregate: Buffer): string {
    const start = H(zeros, H(base, aggregate));
    return points.reduce((value, point) => H(value, H(base, Buffer.from(point, "hex"))), start).toString("hex");
  }

  test("are the extensions that the definition gives, at every size", () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(arbitraryBehaviour, bytes, bytes, ({ tasks, events }, base, aggregate) => {
        const contour = empty(base.toString("hex") as Digest, aggregate.toString("hex") as Digest);
        for (const task of tasks) contour.defineTask(task);
        const points: Digest[] = [];
        for (const event of events) {
          const { point, added } = contour.add(event);
          if (added) points.push(point);
          expect(contour.measurement()).toBe(fold(points, base, aggregate));
          expect(contour.state()).toBe(fold([...points].sort(), base, aggregate));
        }
      }),
      { numRuns: 40 },
    );
  });

  test("the state is the same in any order, the measurement is not", () => {
    const [a, b, c] = [chroot("/a"), chroot("/b"), chroot("/c")];
    const one = learn([a, b, c]);
    const two = learn([c, a, b, a]);
    expect(two.state()).toBe(one.state());
    expect(two.measurement()).not.toBe(one.measurement());
  });

  test("a base changes both, so that neither can be replayed", () => {
    const one = learn([chroot("/a")]);
    const two = empty(sha256(Buffer.from("nonce")));
    two.add(chroot("/a"));
    expect(two.point(0)).toBe(one.point(0));
    expect([two.state(), two.measurement()]).not.toContain(one.state());
  });

  test("an empty contour under zeros has the known domain aggregate", () => {
    expect(empty().state()).toBe("b62c0bf36d7fee9a6ed49f7529e9fbf6ebc93268f43832b4033eef0ba335ba65");
  });
});

describe("counts", () => {
  test("are of one run", () => {
    const contour = learn([chroot("/a"), chroot("/a"), chroot("/b")]);
    contour.count(0, 5);
    expect([0, 1].map((index) => contour.occurrences(index))).toEqual([7, 1]);
    contour.beginRun();
    contour.add(chroot("/a"));
    expect([0, 1].map((index) => contour.occurrences(index))).toEqual([1, 0]);
  });

  test("say what was missed, once", () => {
    const contour = empty();
    contour.flag("lost notifications");
    contour.flag("lost notifications");
    expect(contour.incomplete).toEqual(["lost notifications"]);
  });
});

describe("tasks", () => {
  test("stand in an order that depends on nothing but themselves, and have stable handles", () => {
    const sh = deriveTask(ZERO_DIGEST, [{ path: "/bin/sh" }]);
    const node = deriveTask(sh.id, [{ path: "/usr/bin/node" }]);
    const ls = deriveTask(sh.id, [{ path: "/bin/ls" }]);
    const init = deriveTask(ZERO_DIGEST, [{ path: "/bin/init" }]);
    const orders = [
      [sh, node, ls, init],
      [init, sh, ls, node],
    ].map((tasks) => [...learn([], tasks).tasks()]);
    expect(orders[0]).toEqual([init, sh, ls, node]);
    expect(orders[1]).toEqual(orders[0]);
    expect(learn([], [sh, node]).taskHandles().get(node.id)).toBe(`node~${node.id.slice(0, 8)}`);
    expect(learn([], [sh, node]).taskChain(node.id)).toEqual([sh, node]);
  });
});
