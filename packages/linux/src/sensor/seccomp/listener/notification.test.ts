import { execFileSync } from "node:child_process";
import { closeSync, constants, fstatSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DescriptorBudget } from "../tasks/descriptor-budget.ts";
import { Listener } from "./notification.ts";

describe("waiting at several listeners", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "isoline-listeners-"));
    execFileSync("mkfifo", [join(directory, "fifo")]);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** A descriptor that shows POLLERR and nothing else, as a listener does when a signal interrupts the kernel's look at it. */
  const interrupted = (): number => {
    const fifo = join(directory, "fifo");
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    closeSync(reader);
    return writer;
  };

  it("a signal in between ends no listener: the calls of its tasks would fail with ENOSYS", () => {
    const [one, other] = [interrupted(), interrupted()];
    const listener = new Listener(one, new DescriptorBudget());
    listener.add(other);
    expect(listener.receive()).toBe("interrupted");
    for (const fd of [one, other]) expect(fstatSync(fd).isFIFO()).toBe(true);
    listener.close();
  });

  /** A descriptor that shows POLLHUP and nothing else, as a listener does when no task has its filter any more. */
  const over = (): number => {
    const fifo = join(directory, "fifo");
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
    return reader;
  };

  it("each that is open is told of, and none any more that is about to be closed", () => {
    const [first, second] = [over(), over()];
    const told: (readonly number[])[] = [];
    const listener = new Listener(first, new DescriptorBudget());
    listener.onFilters = (fds) => {
      for (const fd of [first, second]) fstatSync(fd);
      told.push([...fds]);
    };
    listener.add(second);
    expect(listener.receive()).toBe("gone");
    listener.onFilters = (fds) => told.push([...fds]);
    listener.close();
    expect(told).toEqual([[first, second], [second], []]);
  });
});
