/** What becomes of a process that departed, while nothing is refused for being off contour: by each reaction of a policy. */
import { deepEqual, equal } from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { begin, cwd, endAll, EPERM, isStopped, learn, report, until, withReaction } from "../asking.mjs";
import { programsMissing } from "../bpf-programs.mjs";

const skip = programsMissing() && "the BPF programs are not compiled (clang-19, libbpf-dev)";
const isMade = (/** @type {string} */ name) => existsSync(join(cwd, name));

/**
 * Wakes a process as often as it is stopped, until it says something: it may have been held at first, and not yet frozen.
 * @param {number} pid @param {() => Promise<string>} hear
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

  /** Watches, and says the program's process. @param {string} reaction */
  async function watch(reaction) {
    const contour = withReaction(reaction);
    const run = begin("check", contour, "--sensor", "bpf", "-q", "--report", `${reaction}.json`);
    return { ...run, pid: Number((await run.hear()).split(" ")[1]) };
  }

  test("log: it goes on", async () => {
    const { ask, end, over } = await watch("log");
    deepEqual([await ask("list /etc"), await ask("make other"), await ask("list /usr")], [0, 0, 0]);
    end();
    equal(await over, 3);
    const { off, refused, incomplete } = report("log.json");
    deepEqual([off, refused, incomplete, isMade("other")], [1, 0, [], true]);
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

  test("deny-all: whatever it does after that is refused, known or not, by itself or a child", async () => {
    const { ask, end, over } = await watch("deny-all");
    equal(await ask("list /etc"), 0);
    equal(await ask("make other"), 0);
    deepEqual([await ask("list /etc"), await ask("make made"), await ask("child /etc")], [EPERM, EPERM, EPERM]);
    end();
    equal(await over, 3);
    deepEqual([isMade("other"), isMade("made")], [true, false]);
  });

  test("deny-all: what it departed by goes ahead, however late it asks for it again", async (t) => {
    const { ask, end, over, pid } = await watch("deny-all");
    equal(await ask("list /etc"), 0);
    // It has what others leave of one processor, and they leave next to nothing.
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

  test("freeze: it is stopped before its departure has an effect; woken, it may do nothing any more", async () => {
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
