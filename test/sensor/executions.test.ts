/** What a process is found to run, where /proc does not show its file. The facts about it are given here, and not read. */
import { describe, expect, it, vi } from "vitest";
import type { Identity } from "../../packages/linux/src/sensor/acting.ts";
import { DescriptorBudget } from "../../packages/linux/src/sensor/seccomp/tasks/descriptor-budget.ts";
import { Executions } from "../../packages/linux/src/sensor/seccomp/tasks/executions.ts";
import { ExpectedWords } from "../../packages/linux/src/sensor/seccomp/tasks/expected-words.ts";
import { ImageMarks } from "../../packages/linux/src/sensor/seccomp/tasks/image-marks.ts";
import type { ExpectedProgram, Process, Thread } from "../../packages/linux/src/sensor/seccomp/tasks/process.ts";

const seen = vi.hoisted(() => ({ executable: "" }));
vi.mock("../../packages/linux/src/sensor/seccomp/tasks/lineage.ts", () => ({ executableOf: () => seen.executable }));
vi.mock("../../packages/linux/src/sensor/seccomp/tasks/exec-proof.ts", () => ({
  ExecProof: class {
    readonly isHeld = false;
    readonly words = undefined;
    outcome = () => "happened";
    close = () => undefined;
  },
}));

const next = { id: "next", serial: 1 } as unknown as Identity;
const other = { id: "other", serial: 2 } as unknown as Identity;

/** What becomes of a process that asked for these programs, each by a thread of its own, and whose arguments are those asked for. */
function settled(running: string, ...asked: readonly (readonly [Identity, ExpectedProgram])[]) {
  const executions = new Executions(new ImageMarks(), new DescriptorBudget());
  const process = { pid: 1, pendingExecs: [] } as unknown as Process;
  const words = new ExpectedWords([], false);
  vi.spyOn(words, "areThoseOf").mockReturnValue(true);
  seen.executable = running;
  for (const [index, [identity, program]] of asked.entries())
    executions.starts({ tid: 1 + index, process } as Thread, identity, program, words);
  return executions.settle(
    { tid: 1, process } as Thread,
    () => true,
    () => true,
  );
}

const shown = { executable: "8:1:7", isShown: true };
const hidden = { executable: "8:1:8", isShown: false };

describe("a process whose file is not shown", () => {
  it("runs what it asked for, if its user may not read that", () => {
    expect(settled("", [next, hidden])).toEqual({ is: "executed", next, executable: "" });
  });

  it("is not proven to run what would be shown, whether one thread asked or several", () => {
    expect(settled("", [next, shown])).toEqual({ is: "unproven", executable: "" });
    expect(settled("", [next, shown], [other, shown])).toEqual({ is: "unproven", executable: "" });
  });

  it("runs the one of several that would not be shown", () => {
    expect(settled("", [other, shown], [next, hidden])).toEqual({ is: "executed", next, executable: "" });
  });
});

describe("a process whose file is shown", () => {
  it("runs what it asked for, or something else", () => {
    expect(settled("8:1:7", [next, shown])).toEqual({ is: "executed", next, executable: "8:1:7" });
    expect(settled("8:1:9", [next, shown])).toEqual({ is: "swapped", executable: "8:1:9" });
  });
});
