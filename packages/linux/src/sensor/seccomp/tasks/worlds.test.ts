import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import type { Process } from "./process.ts";
import { FOREIGN, Worlds } from "./worlds.ts";

/** linux/sched.h */
const CLONE_NEWNET = 0x4000_0000;
const canUnshare = process.geteuid?.() === 0;

const processOf = (program: string, parent?: Process) => ({ identity: { program }, parent }) as unknown as Process;

describe.skipIf(!canUnshare)("the maker of a network namespace (needs root)", () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill();
  });

  /** A process in a network namespace of its own. */
  async function elsewhere(): Promise<number> {
    const child = spawn("unshare", ["-n", "cat"], { stdio: ["pipe", "pipe", "inherit"] });
    children.push(child);
    child.stdin?.write("there\n");
    await once(child.stdout as NonNullable<ChildProcess["stdout"]>, "data");
    return child.pid as number;
  }

  it("is the program that asked for it, also for a child", async () => {
    const worlds = new Worlds();
    const [parent, tid] = [processOf("launcher"), await elsewhere()];
    worlds.entering(parent, process.pid, "clone", CLONE_NEWNET);
    expect(worlds.makerOf("net", processOf("child", parent), tid)).toBe("launcher");
  });

  it("is not known where a process entered one that exists, whatever its parent asked for", async () => {
    const worlds = new Worlds();
    const parent = processOf("launcher");
    worlds.entering(parent, process.pid, "clone", CLONE_NEWNET);
    const child = processOf("child", parent);
    worlds.entering(child, process.pid, "setns", CLONE_NEWNET);
    const tid = await elsewhere();
    expect(worlds.makerOf("net", processOf("grandchild", child), tid)).toBe(FOREIGN);
    expect(worlds.makerOf("net", child, tid)).toBe(FOREIGN);
  });

  it("is not known where one of the processes between is forgotten, which may have entered another", async () => {
    const worlds = new Worlds();
    const launcher = processOf("launcher");
    worlds.entering(launcher, process.pid, "clone", CLONE_NEWNET);
    const [between, tid] = [processOf("child", launcher), await elsewhere()];
    expect(worlds.makerOf("net", processOf("grandchild", between), tid)).toBe("launcher");
    const forgetful = new Worlds();
    forgetful.entering(launcher, process.pid, "clone", CLONE_NEWNET);
    Object.assign(between, { hasGap: true });
    expect(forgetful.makerOf("net", processOf("grandchild", between), tid)).toBe(FOREIGN);
  });

  it("stays that of one which the workload made, for a process that enters it", async () => {
    const worlds = new Worlds();
    const [parent, tid] = [processOf("launcher"), await elsewhere()];
    worlds.entering(parent, process.pid, "unshare", CLONE_NEWNET);
    worlds.makerOf("net", parent, tid);
    const other = processOf("other");
    worlds.entering(other, process.pid, "setns", CLONE_NEWNET);
    expect(worlds.makerOf("net", other, tid)).toBe("launcher");
  });
});
