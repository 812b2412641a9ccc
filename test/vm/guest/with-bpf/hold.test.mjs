/** What is held: nothing has happened, nobody gets past by waking it, and nobody waits for ever. */
import { deepEqual, equal, match } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { begin, cwd, EPERM, isoline, isStopped, learn, start, until } from "../asking.mjs";
import { programsMissing } from "../bpf-programs.mjs";
import { beginNamespace } from "../kernel-half.mjs";

const skip = programsMissing() && "the BPF programs are not compiled (clang-19, libbpf-dev)";

test("a held act has not happened, and waking its task only makes it ask again", { skip }, async (t) => {
  const kept = beginNamespace();
  t.after(() => kept.leave());
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

  await t.test("and decided about again, by whoever takes it over", async () => {
    const [orphan] = JSON.parse(isoline("ps", "--json").stdout);
    deepEqual([orphan.name, orphan.orphaned, orphan.processes, orphan.refuses], ["lost", true, 1, true]);
    match(isoline("unpin").stderr, /namespaces are live/);
    const successor = start("attach", "lost", "-q", "--report", "attached.json");
    const over = new Promise((resolve) => successor.once("exit", resolve));
    const tell = async (/** @type {string} */ line) => {
      run.say(line);
      return await run.hear();
    };
    for (let step = 0; step < 500 && (await tell("list /etc")) !== "list /etc 0"; step++) await setTimeout(20);
    equal(await tell("list /usr"), "list /usr 0");
    equal(await tell("make other"), `make other ${EPERM}`);
    run.end();
    equal(await over, 0);
    const { off, refused, incomplete } = JSON.parse(readFileSync(join(cwd, "attached.json"), "utf8"));
    deepEqual([off, refused], [1, 1]);
    match(incomplete[0].reason, /before this supervisor took over/);
  });
});
