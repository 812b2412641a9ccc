import type { Digest } from "@isoline/core/digest";
import type { EnginePort } from "@isoline/core/engine";
import { expect, it } from "vitest";
import { EPERM } from "../abi/errno.ts";
import type { ActingProcess } from "./acting.ts";
import { Witnessing } from "./witness.ts";

const PROCESS = { handle: 7, pid: 1007 } as ActingProcess;
const OFF = { verdict: "off", refuse: true, known: 0 } as const;
const ON = { verdict: "on", refuse: false, known: 1 } as const;

/** A sensor whose programs let one act go ahead without asking, and a register that answers or does not. */
function recorded(mode: EnginePort["mode"]) {
  const register = { answers: true, isUnderWay: false, asked: 0 };
  const lost: string[] = [];
  const witness = {
    isUpToDate: () => {
      register.asked += 1;
      return register.answers;
    },
    get isUnderWay() {
      return register.isUnderWay;
    },
    remedy: "start it again",
    departed: (_process: ActingProcess, _point: Digest | undefined) => register.answers,
    died: () => {},
  };
  const loss = (reason: string) => lost.push(reason) > 0;
  const witnessing = new Witnessing({ mode, gap: loss, loss }, witness);
  const kernel = { goesAhead: true };
  witnessing.onOwing = () => {
    kernel.goesAhead = false;
  };
  return { witnessing, register, kernel, lost };
}

it("a departure that is refused, and that no register has, has what is known asked about again", () => {
  const { witnessing, register, kernel } = recorded("enforce");
  witnessing.judged(OFF, PROCESS);
  expect([witnessing.unlessOwed(EPERM, PROCESS), kernel.goesAhead]).toEqual([EPERM, true]);
  register.answers = false;
  witnessing.judged(OFF, PROCESS);
  expect(witnessing.unlessOwed(EPERM, PROCESS)).toBe(EPERM);
  expect([kernel.goesAhead, witnessing.isForEach]).toEqual([false, true]);
});

it("what is on contour is refused until everything is recorded, and not kept", () => {
  const { witnessing, register, kernel, lost } = recorded("enforce");
  register.answers = false;
  witnessing.judged(ON, PROCESS);
  expect(witnessing.unlessOwed(0, PROCESS)).toBe(EPERM);
  expect([kernel.goesAhead, witnessing.isForEach, lost]).toEqual([false, true, ["start it again"]]);
  register.answers = true;
  witnessing.judged(ON, PROCESS);
  expect([witnessing.unlessOwed(0, PROCESS), witnessing.isForEach]).toEqual([0, false]);
});

it("what is owed of a loss or a checkpoint is noticed where no act is decided", () => {
  const { witnessing, register, kernel } = recorded("enforce");
  expect([witnessing.takeBackIfOwed(), kernel.goesAhead]).toEqual([false, true]);
  register.answers = false;
  expect([witnessing.takeBackIfOwed(), kernel.goesAhead]).toEqual([true, false]);
});

it("while watching, what is known goes on", () => {
  const { witnessing, register, kernel } = recorded("watch");
  register.answers = false;
  witnessing.judged(OFF, PROCESS);
  expect([witnessing.unlessOwed(0, PROCESS), witnessing.takeBackIfOwed(), kernel.goesAhead]).toEqual([0, false, true]);
});

it("what is refused does not wait for a record that is under way; what would go ahead does", () => {
  const { witnessing, register } = recorded("enforce");
  register.isUnderWay = true;
  expect([witnessing.unlessOwed(EPERM, PROCESS), witnessing.isUnderWay, register.asked]).toEqual([EPERM, true, 0]);
  expect([witnessing.unlessOwed(0, PROCESS), register.asked]).toEqual([0, 1]);
});
