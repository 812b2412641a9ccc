/** The further acts of a process that departed, under each reaction of a policy, while departures are not refused. */
import { deepEqual, equal } from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { begin, cwd, endAll, EPERM, isoline, isStopped, learn, report, until, withReaction } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";

const isMade = (/** @type {string} */ name) => existsSync(join(cwd, name));

/**
 * Wakes a process whenever it is stopped, until it prints something: it may be held at first, and not yet frozen.
 * @param {number} pid
 *
 * @param {() => Promise<string>} hear
 */
async function wake(pid, hear) {
  let isHeard = false;
  const heard = hear().finally(() => {
    isHeard = true;
  });
  for (let step = 0; step < 1500 && !isHeard; step++) {
    if (isStopped(pid)) process.kill(pid, "SIGCONT");
    await setTimeout(10);
  }
  return heard;
}

describe("reactions", { skip }, () => {
  before(() => learn());
  afterEach(() => {
    endAll();
    for (const name of ["made", "other", "third"]) rmSync(join(cwd, name), { force: true });
  });

  /** Watches; returns the program's process. @param {string} reaction @param {readonly string[]} more */
  async function watch(reaction, ...more) {
    const contour = withReaction(reaction);
    const run = begin("check", contour, "--sensor", "bpf", "-q", "--report", `${reaction}.json`, ...more);
    return { ...run, pid: Number((await run.hear()).split(" ")[1]) };
  }

  test("log: it continues", async () => {
    const { ask, end, over } = await watch("log");
    deepEqual([await ask("list /etc"), await ask("make other"), await ask("list /usr")], [0, 0, 0]);
    end();
    equal(await over, 3);
    const { off, refused, incomplete } = report("log.json");
    deepEqual([off, refused, incomplete, isMade("other")], [1, 0, [], true]);
  });

  test("log: each process that does what another departed by has departed as well", async () => {
    const { ask, end, over } = await watch("log", "--name", "both");
    deepEqual([await ask("beside it"), await ask("list /var"), await ask("twin /var")], [0, 0, 0]);
    /** @type {readonly { trusted: boolean }[]} */
    const processes = JSON.parse(isoline("trust", "both", "--json").stdout);
    deepEqual(
      processes.map(({ trusted }) => trusted),
      [false, false],
    );
    end();
    equal(await over, 3);
    const { off, refused, incomplete, departures } = report("log.json");
    deepEqual([off, refused, incomplete, departures.length], [2, 0, [], 1]);
  });

  test("deny: departures after the first are refused, and nothing else", async () => {
    const { ask, end, over } = await watch("deny");
    deepEqual([await ask("make other"), await ask("make third")], [0, EPERM]);
    deepEqual([await ask("list /etc"), await ask("make made")], [0, 0]);
    end();
    equal(await over, 3);
    const { off, refused } = report("deny.json");
    deepEqual([off, refused, isMade("other"), isMade("third"), isMade("made")], [2, 1, true, false, true]);
  });

  test("deny: a departure is refused when the process repeats it", async () => {
    const { ask, end, over } = await watch("deny");
    deepEqual([await ask("list /var"), await ask("list /var"), await ask("list /etc")], [0, EPERM, 0]);
    end();
    equal(await over, 3);
    const { off, refused } = report("deny.json");
    deepEqual([off, refused], [2, 1]);
  });

  test("deny-all: every further act is refused, known or not, of the process or a child", async () => {
    const { ask, end, over } = await watch("deny-all");
    equal(await ask("list /etc"), 0);
    equal(await ask("make other"), 0);
    deepEqual([await ask("list /etc"), await ask("make made"), await ask("child /etc")], [EPERM, EPERM, EPERM]);
    end();
    equal(await over, 3);
    deepEqual([isMade("other"), isMade("made")], [true, false]);
  });

  test("deny-all: the departure itself goes ahead, however late it is repeated", async (t) => {
    const { ask, end, over, pid } = await watch("deny-all");
    equal(await ask("list /etc"), 0);
    // It gets the rest of one processor's time, of which almost nothing is left.
    equal(spawnSync("chrt", ["-ip", "0", String(pid)]).status, 0);
    equal(spawnSync("taskset", ["-cp", "1", String(pid)]).status, 0);
    const busy = spawn("taskset", ["-c", "1", "sh", "-c", "while :; do :; done"]);
    t.after(() => busy.kill("SIGKILL"));
    equal(await ask("make other"), 0);
    busy.kill("SIGKILL");
    equal(await ask("make third"), EPERM);
    end();
    equal(await over, 3);
    const { off, refused } = report("deny-all.json");
    deepEqual([off, refused, isMade("other"), isMade("third")], [2, 1, true, false]);
  });

  test("kill: it is ended before its departure has an effect", async () => {
    const { ask, say, end, over } = await watch("kill");
    equal(await ask("list /etc"), 0);
    say("make other");
    equal(await over, 3);
    end();
    equal(isMade("other"), false);
    deepEqual(report("kill.json").exit, { signal: "SIGKILL" });
  });

  test("freeze: it is stopped before its departure has an effect; woken, it may do nothing more", async () => {
    const { ask, say, hear, end, over, pid } = await watch("freeze");
    equal(await ask("list /etc"), 0);
    say("make other");
    await until(() => isStopped(pid));
    equal(isMade("other"), false);
    equal(await wake(pid, hear), `make other ${EPERM}`);
    say("list /etc");
    await until(() => isStopped(pid));
    equal(await wake(pid, hear), `list /etc ${EPERM}`);
    process.kill(pid, "SIGKILL");
    end();
    equal(await over, 3);
    equal(isMade("other"), false);
  });
});
