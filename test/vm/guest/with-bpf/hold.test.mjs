/** What is held: nothing has happened, nobody gets past by waking it, and nobody waits for ever. */
import { equal } from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { programsMissing } from "../bpf-programs.mjs";
import { isolineAs } from "../isoline.mjs";

const EPERM = 1;
const skip = programsMissing() && "the BPF programs are not compiled (clang-19, libbpf-dev)";
const { cwd, start } = isolineAs(0);
const asking = ["perl", fileURLToPath(new URL("../asking.pl", import.meta.url))];

/** @param {readonly string[]} options */
function begin(...options) {
  const child = start(...options, "--", ...asking);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  const over = new Promise((resolve) => child.once("exit", resolve));
  const hear = async () => (await lines.next()).value ?? `nothing more: ${said}`;
  return { child, over, hear, say: (/** @type {string} */ line) => child.stdin.write(`${line}\n`) };
}

/** @param {number} pid */
const isStopped = (pid) => /\) T /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));

/** @param {() => boolean} holds */
async function until(holds) {
  for (let step = 0; step < 1500 && !holds(); step++) await setTimeout(10);
  equal(holds(), true);
}

test("a held act has not happened, and waking its task only makes it ask again", { skip }, async (t) => {
  const learnt = begin("learn", "--sensor", "bpf", "-q", "-o", "asking.contour");
  await learnt.hear();
  for (const line of ["make made", "list /etc", "list /usr"]) {
    learnt.say(line);
    equal(await learnt.hear(), `${line} 0`);
  }
  learnt.child.stdin.end();
  await learnt.over;
  rmSync(join(cwd, "made"));

  const run = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q");
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
    // Nothing can be said to it any more when its supervisor is gone.
    for (const line of ["list /etc", "list /usr"]) run.say(line);
    await until(() => isStopped(pid));
    run.child.kill("SIGKILL");
    equal(await run.hear(), `list /etc ${EPERM}`);
    equal(await run.hear(), `list /usr ${EPERM}`);
    await until(() => !existsSync(`/proc/${pid}`));
  });

  await t.test("and refused, when it asks again after its time", async () => {
    rmSync(join(cwd, "made"));
    const late = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "--hold", "0.5", "-q");
    const task = Number((await late.hear()).split(" ")[1]);
    late.child.kill("SIGSTOP");
    late.say("make made");
    await until(() => isStopped(task));
    await setTimeout(600);
    process.kill(task, "SIGCONT");
    equal(await late.hear(), `make made ${EPERM}`);
    late.child.kill("SIGCONT");
    late.child.stdin.end();
    await late.over;
    equal(existsSync(join(cwd, "made")), false);
  });
});
