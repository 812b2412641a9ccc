import { closeSync, openSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EBADF, EBADFD, EINVAL, EPERM } from "../../../abi/errno.ts";
import { createRuleset, landlockVersion } from "../../../abi/landlock.ts";
import { O_PATH } from "../../../abi/stat.ts";
import type { Act, Verdict } from "../../mediation.ts";
import type { Context } from "../context.ts";
import type { Thread } from "../tasks/process.ts";
import { landlockRestrictSelf } from "./own-rules.ts";

const EXECUTE = 1;
const LOG_SUBDOMAINS_OFF = 4;
const UNKNOWN_FLAG = 0x4000_0000;

/**
 * What the decoder does about a call of this process: the act that it decides about, what it answers, and whether it marks. A task that
 * does not wait any more is decided about without an event.
 */
function decode(descriptor: number, flags: number, verdict: Verdict = 0, isWaiting = true) {
  const seen: { act?: Act; attempt?: number; isMarked?: true } = {};
  const context = {
    call: { int: () => descriptor, u32: () => flags },
    listener: { goesAhead: (answer: Verdict) => answer === 0 && isWaiting },
    tasks: { restrictsItself: () => (seen.isMarked = true) },
    decide: (_: Thread, act: Act) => {
      if (isWaiting) seen.act = act;
      return verdict;
    },
    refuses: (errno: number) => (seen.attempt = errno),
  };
  const thread = { tid: process.pid, pidfd: -1, process: { pid: process.pid, pidfd: -1 } };
  const answer = landlockRestrictSelf(context as unknown as Context, thread as unknown as Thread);
  return { answer, ...seen };
}

const act = { op: "prctl", subject: { option: "landlock-restrict-self", value: "0" } };

/** Without CAP_SYS_ADMIN each call fails with EPERM. */
const isPossible = process.geteuid?.() === 0 && landlockVersion() > 0;

describe.skipIf(!isPossible)("rules that a task puts on itself (needs root, Landlock)", () => {
  let rules = -1;
  const others: number[] = [];
  beforeAll(() => {
    rules = createRuleset({ fs: EXECUTE, net: 0, scoped: 0 }, landlockVersion());
    others.push(openSync("/", "r"), openSync("/", O_PATH));
  });
  afterAll(() => {
    for (const fd of [rules, ...others]) closeSync(fd);
  });

  it("are an act, and mark the task once they are permitted", () => {
    expect(decode(rules, 0)).toEqual({ answer: 0, act, isMarked: true });
    expect(decode(rules, 0, EPERM)).toEqual({ answer: EPERM, act });
    expect(decode(rules, 0, 0, false)).toEqual({ answer: 0 });
  });

  it("are answered where the kernel has nothing to put on the task, and mark nothing", () => {
    const failed = (errno: number) => ({ answer: errno, attempt: errno });
    const [file, path] = others as [number, number];
    expect(decode(-1, 0)).toEqual(failed(EBADF));
    expect(decode(1_000_000, 0)).toEqual(failed(EBADF));
    expect(decode(file, 0)).toEqual(failed(EBADFD));
    expect(decode(path, 0)).toEqual(failed(EBADF));
  });

  it.skipIf(landlockVersion() > 7)("with flags that no kernel has are refused", () => {
    expect(decode(rules, UNKNOWN_FLAG)).toEqual({ answer: EINVAL, attempt: EINVAL });
  });

  it.skipIf(landlockVersion() < 7)("with a flag about the audit log alone need no act", () => {
    expect(decode(-1, LOG_SUBDOMAINS_OFF)).toEqual({ answer: 0 });
    expect(decode(rules, LOG_SUBDOMAINS_OFF)).toMatchObject({ act: { subject: { value: "4" } }, isMarked: true });
  });
});
