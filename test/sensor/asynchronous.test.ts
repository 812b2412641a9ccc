/** O_ASYNC: the kernel may take its caller for the receiver of the signals, so the supervisor never asks for them in place of a task. */
import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compiler, runCases, slug } from "./case.ts";
import { call, must, result } from "./script.ts";
import { isBuilt } from "./supervised.ts";

const [AF_UNIX, STREAM] = [1, 1];
const [F_GETFL, F_SETFL] = [3, 4];
const [O_RDWR, O_NONBLOCK, O_ASYNC] = [2, 0o4000, 0o20000];
const does = "signals asked for again and again";

describe.skipIf(compiler === undefined || !isBuilt)("asynchronous descriptors (need gcc, a build)", () => {
  it("the task asks for signals itself, also where they are asked for already", async () => {
    const set = (flags: number) => call("fcntl", result(0), F_SETFL, flags);
    const calls = [
      must(call("socket", AF_UNIX, STREAM, 0)),
      ...[O_ASYNC, O_ASYNC, O_ASYNC | O_NONBLOCK, O_RDWR, O_NONBLOCK].flatMap((flags) => [
        set(flags),
        call("fcntl", result(0), F_GETFL),
      ]),
    ];
    const ran = await runCases([{ does, calls, events: [] }], {});
    rmSync(ran.directory, { recursive: true, force: true });
    expect(ran.output.get(slug(does))).toBe(ran.native.get(slug(does)));
    // Three times O_ASYNC is set, and once it is cleared; what has nothing to do with it is the supervisor's.
    expect(ran.outcome.report.racy).toMatchObject({ fcntl: 4 });
  });
});
