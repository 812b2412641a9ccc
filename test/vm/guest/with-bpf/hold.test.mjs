/** Held tasks: the act has had no effect, waking the task does not get it past, and no task waits for ever. */
import { deepEqual, equal, match } from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { begin, cwd, endAll, EPERM, isoline, isStopped, learn, report, start, until } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { beginNamespace } from "../kernel-namespace.mjs";

function clear() {
  endAll();
  rmSync(join(cwd, "made"), { force: true });
}

test("a held act has had no effect, and waking its task only makes it ask again", { skip }, async (t) => {
  const kept = beginNamespace();
  t.after(() => kept.leave());
  t.after(clear);
  await learn();
  const run = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q", "--name", "lost");
  const pid = Number((await run.hear()).split(" ")[1]);
  run.child.kill("SIGSTOP");
  run.say("make made");
  await until(() => isStopped(pid));
  for (let time = 0; time < 3; time++) {
    process.kill(pid, "SIGCONT");
    await until(() => isStopped(pid));
  }
  equal(existsSync(join(cwd, "made")), false);
  process.kill(pid, "SIGUSR1");
  process.kill(pid, "SIGCONT");
  equal(await run.hear(), "handled before");
  await until(() => isStopped(pid));
  run.child.kill("SIGCONT");
  equal(await run.hear(), "make made 0");
  equal(existsSync(join(cwd, "made")), true);

  await t.test("and refused, when its supervisor is killed meanwhile", async () => {
    run.child.kill("SIGSTOP");
    run.say("list /etc");
    await until(() => isStopped(pid));
    run.child.kill("SIGKILL");
    equal(await run.hear(), `list /etc ${EPERM}`);
    run.say("list /usr");
    equal(await run.hear(), `list /usr ${EPERM}`);
  });

  await t.test("and decided about again, by the supervisor that takes it over", async () => {
    const [orphan] = JSON.parse(isoline("ps", "--json").stdout);
    deepEqual([orphan.name, orphan.orphaned, orphan.processes, orphan.refuses], ["lost", true, 1, true]);
    match(isoline("unpin").stderr, /namespaces are live/);
    const successor = start("attach", "lost", "-q", "--report", "attached.json");
    const over = new Promise((resolve) => successor.once("exit", resolve));
    const tell = async (/** @type {string} */ line) => {
      run.say(line);
      return await run.hear();
    };
    // The successor loads for a minute where the machine is slow.
    for (let step = 0; step < 6000 && (await tell("list /etc")) !== "list /etc 0"; step++) await setTimeout(20);
    equal(await tell("list /usr"), "list /usr 0");
    equal(await tell("make other"), `make other ${EPERM}`);
    run.end();
    equal(await over, 0);
    const { off, refused, incomplete } = report("attached.json");
    deepEqual([off, refused], [1, 1]);
    match(incomplete[0].reason, /before this supervisor took over/);
  });
});

test("a held event counts once, like any other", { skip }, async (t) => {
  t.after(clear);
  await learn();
  /** @param {readonly string[]} how */
  const eventsOf = async (...how) => {
    const { ask, hear, end, over } = begin(...how, "--sensor", "bpf", "-q", "--report", "counted.json");
    await hear();
    deepEqual([await ask("list /etc"), await ask("list /usr"), await ask("list /etc")], [0, 0, 0]);
    end();
    equal(await over, 0);
    return report("counted.json").events;
  };
  equal(await eventsOf("run", "asking.contour", "--enforce"), await eventsOf("check", "asking.contour"));
});

test("a task that passes on the signal that woke it is woken once, and its next signals are judged", {
  skip,
}, async (t) => {
  t.after(clear);
  await learn("pass on");
  const { ask, hear, end, over } = begin(
    ...["run", "asking.contour", "--sensor", "bpf", "--enforce", "-q", "--report", "passed.json"],
  );
  await hear();
  deepEqual([await ask("pass on"), await ask("list /etc"), await ask("list /usr")], [0, 0, 0]);
  equal((await ask("passed on")) > 0, true);
  equal(await ask("continue it"), EPERM);
  end();
  equal(await over, 0);
  const { off, refused, departures, incomplete } = report("passed.json");
  deepEqual({ off, refused, incomplete }, { off: 1, refused: 1, incomplete: [] });
  match(departures[0].act, /^kill signal=18 /);
});
