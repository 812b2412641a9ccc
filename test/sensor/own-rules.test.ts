/** Landlock rules that a task puts on itself: an act of its own, since the supervisor makes none of its calls from then on. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { landlockVersion } from "../../packages/linux/src/abi/landlock.ts";
import { isRoot } from "../support/machine.ts";
import { Bench } from "./bench.ts";
import { compiler, NOBODY } from "./case.ts";
import { call, must, result, struct } from "./script.ts";
import { isBuilt } from "./supervised.ts";

const PR_SET_NO_NEW_PRIVS = 38;
const MAKE_SOCKET = 1 << 9;
const EPERM = 1;

const isPossible = compiler !== undefined && isBuilt && landlockVersion() > 0;

describe.skipIf(!isPossible)("Landlock rules of a task's own (need gcc, a build, Landlock)", () => {
  let bench: Bench;
  beforeAll(() => {
    bench = new Bench(isRoot ? NOBODY : undefined);
  });
  afterAll(() => bench?.close());

  const before = [
    must(call("landlock_create_ruleset", struct([8, MAKE_SOCKET]), 8, 0)),
    must(call("prctl_plain", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)),
  ];
  const after = call("mkdir", "made", 0o700);
  const withRules = [...before, call("landlock_restrict_self", result(0), 0), after];

  it("are refused off contour, and the supervisor goes on to make the task's calls", async () => {
    const { learnt } = await bench.run([...before, after]);
    bench.lay();
    const { stdout, report } = await bench.run(withRules, { mode: "enforce", contour: learnt });
    expect(stdout).toContain(`446: errno ${EPERM}\n`);
    expect(report.departures.map(({ act }) => act)).toEqual(["prctl option=landlock-restrict-self value=0"]);
    expect(report.racy).not.toHaveProperty("mkdir");
  });

  it("are on the contour where they were learnt, and the task makes its calls itself", async () => {
    bench.lay();
    const { learnt } = await bench.run(withRules);
    bench.lay();
    const { report } = await bench.run(withRules, { mode: "enforce", contour: learnt });
    expect(report.departures).toEqual([]);
    expect(report.racy).toMatchObject({ mkdir: 1 });
  });
});
