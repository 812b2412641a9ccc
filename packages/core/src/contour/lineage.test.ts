import { expect, test } from "vitest";
import { eventOf } from "../../../../test/arbitrary/contour.ts";
import { type Digest, ZERO_DIGEST } from "../digest.ts";
import { deriveTask, type Task } from "../identity/task.ts";
import { iso1 } from "../profile/iso1.ts";
import { Contour } from "./contour.ts";
import { diffContours } from "./diff.ts";
import { phasesOf } from "./phase.ts";
import { rebuild } from "./rebuild.ts";

const empty = () => Contour.create({ profile: iso1, policy: "{}" });
const program = (parent: Digest, path: string): Task => deriveTask(parent, [{ path }]);

/** A contour in which each of so many programs started the next one, the first of them at the root of a host. */
function deep(count: number) {
  const contour = empty();
  const tasks: Task[] = [];
  for (let at = 0; at < count; at++) {
    const task = program(tasks.at(-1)?.id ?? ZERO_DIGEST, at < 3 ? "$HOST/usr/bin/runc" : "/bin/sh");
    contour.defineTask(task);
    tasks.push(task);
  }
  return { contour, tasks };
}

test("a lineage deeper than a stack is made anew, and each program of it has its phase", () => {
  const { contour, tasks } = deep(20_000);
  contour.add(eventOf("perf type=x", tasks.at(-1)));
  const { contour: made } = rebuild(contour, {});
  expect(made.state()).toBe(contour.state());
  const phaseOf = phasesOf(contour);
  expect(tasks.findIndex(({ id }) => phaseOf?.(id) === "workload")).toBe(3);
  expect(tasks.slice(3).every(({ id }) => phaseOf?.(id) === "workload")).toBe(true);
});

test("a runtime's program that a workload's started is of the workload", () => {
  const { contour, tasks } = deep(4);
  const inner = program(tasks[3]?.id as Digest, "$HOST/usr/bin/runc");
  contour.defineTask(inner);
  expect(phasesOf(contour)?.(inner.id)).toBe("workload");
});

test("more children of one program than a call may have arguments are read and compared", () => {
  const [one, other] = [empty(), empty()];
  const root = program(ZERO_DIGEST, "/bin/sh");
  for (const contour of [one, other]) contour.defineTask(root);
  for (let at = 0; at < 130_000; at++) one.defineTask(program(root.id, `/bin/${at}`));
  expect([...one.tasks()]).toHaveLength(130_001);
  expect(diffContours(one, other).equal).toBe(true);
});
