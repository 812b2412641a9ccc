/** A namespace whose supervisor was killed: what goes on until another one takes over, and what that one leaves as it was. */
import { deepEqual, equal, match } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import {
  begin,
  cwd,
  endAll,
  EPERM,
  isoline,
  isStopped,
  learn,
  report,
  start,
  until,
  withReaction,
} from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { beginNamespace } from "../kernel-namespace.mjs";

const { orphanedNamespaces } = await import("../../../../packages/linux/dist/sensor/bpf/pinned.js");
const { KernelNamespace } = await import("../../../../packages/linux/dist/sensor/bpf/kernel-namespace.js");
const { takeBack } = await import("../../../../packages/linux/dist/sensor/bpf/note.js");
const { BpfMap } = await import("../../../../packages/linux/dist/libbpf/map.js");

const ADOPTIONS = 20;
const PIECE = 1024;

/** @type {ReturnType<typeof beginNamespace> | undefined} */
let standing;
before(async () => {
  if (skip) return;
  standing = beginNamespace();
  await learn("make tmp.Hc4gW7pRt9");
});
after(() => standing?.leave());

function clear() {
  endAll();
  rmSync(join(cwd, "made"), { force: true });
}

/** The processes that a process has started. @param {number} pid */
const childrenOf = (pid) =>
  readdirSync(`/proc/${pid}/task`).flatMap((tid) =>
    readFileSync(`/proc/${pid}/task/${tid}/children`, "latin1").split(" ").filter(Boolean).map(Number),
  );
/** @param {number} pid */
const isKeeper = (pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("isoline-keeper");

test("a task that waits for a supervisor that was killed is decided about by the one that takes over", {
  skip,
}, async (t) => {
  t.after(clear);
  const run = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q", "--name", "waits");
  const pid = Number((await run.hear()).split(" ")[1]);
  const { pid: supervisor = 0 } = run.child;
  run.child.kill("SIGSTOP");
  run.say("make made");
  await until(() => isStopped(pid));
  // It would wake the task before: another supervisor may be faster than the keeper.
  const keepers = childrenOf(supervisor).filter(isKeeper);
  equal(keepers.length, 1);
  for (const keeper of keepers) process.kill(keeper, "SIGKILL");
  run.child.kill("SIGKILL");
  await run.over;
  equal(isStopped(pid), true);

  const successor = start("attach", "waits", "-q");
  const over = once(successor, "exit");
  equal(await run.hear(), "make made 0");
  equal(await run.ask("make other"), EPERM);
  run.end();
  deepEqual(await over, [0, null]);
});

/** Ids of the maps of each namespace, and how many maps and programs no workload may open. @param {string} directory */
function mapsIn(directory) {
  const number = Buffer.alloc(4);
  const ofEach = ["tables", "rings", "tallies"].flatMap((name) => {
    const map = BpfMap.pinned(name, `${directory}/${name}`);
    const found = map.keys(4, 1024).flatMap((key) => (map.lookup(key, number) ? [number.readUInt32LE(0)] : []));
    map.close();
    return found;
  });
  const own = BpfMap.pinned("own", `${directory}/own`);
  const kept = own.keys(8, 8192).map((key) => key.readUInt32LE(0));
  own.close();
  return { ofEach, kept: kept.length, areKept: ofEach.every((id) => kept.includes(id)) };
}

/** Changes what the supervisors of a namespace noted. @param {string} directory @param {number} id @param {(noted: Buffer) => Buffer} to */
function rewrite(directory, id, to) {
  const map = BpfMap.pinned("journal", `${directory}/journal`);
  const key = (/** @type {number} */ index) => Buffer.from(Uint32Array.of(id, index).buffer);
  const pieces = [];
  for (let piece = Buffer.alloc(PIECE); map.lookup(key(pieces.length), piece); piece = Buffer.alloc(PIECE))
    pieces.push(piece);
  const all = Buffer.concat(pieces);
  const noted = all.subarray(0, all.includes(0) ? all.indexOf(0) : all.length);
  const changed = to(noted);
  for (const index of pieces.keys()) map.delete(key(index));
  for (let at = 0; at < changed.length; at += PIECE)
    map.update(key(at / PIECE), Buffer.concat([changed.subarray(at, at + PIECE), Buffer.alloc(PIECE)], PIECE));
  map.close();
  return noted;
}

/** Takes over, in the name of a process. @param {{ directory: string, id: number }} orphan @param {number} supervisor */
const takeOver = ({ directory, id }, supervisor) =>
  KernelNamespace.adopt(directory, id, {
    ...{ attachment: "lsm", mode: "hold", versions: "run", bars: false, supervisor, keys: 64 },
    ...{ ringSize: 65_536, holdSeconds: 1, label: "" },
  });

test("a supervisor that may not take over leaves the namespace as it was, and many that may leave no maps behind", {
  skip,
}, async (t) => {
  t.after(clear);
  const run = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q", "--name", "kept");
  await run.hear();
  deepEqual([await run.ask("list /usr"), await run.ask("list /usr")], [0, 0]);
  run.child.kill("SIGKILL");
  await run.over;
  const [orphan] = orphanedNamespaces();
  if (orphan === undefined) throw new Error("no namespace is without a supervisor");
  const { directory, id } = orphan;
  const first = mapsIn(directory);
  deepEqual([await run.ask("list /usr"), await run.ask("list /etc")], [0, EPERM]);

  const refused = isoline("attach", "kept", "-q", "--contour", withReaction("kill"));
  match(refused.stderr, /begun under a policy with another `content` or `reaction`/);
  equal(refused.status === 0, false);
  deepEqual(mapsIn(directory), first);
  equal(first.areKept, true);
  deepEqual(orphanedNamespaces(), [orphan]);
  deepEqual([await run.ask("list /usr"), await run.ask("list /etc")], [0, EPERM]);

  const noted = rewrite(directory, id, (whole) => Buffer.concat([whole, Buffer.from('{"identity":\n')]));
  match(isoline("attach", "kept", "-q").stderr, /noted is damaged: expected JSON objects/);
  rewrite(directory, id, () => noted);
  deepEqual(mapsIn(directory), first);
  deepEqual(orphanedNamespaces(), [orphan]);
  deepEqual([await run.ask("list /usr"), await run.ask("list /etc")], [0, EPERM]);

  for (let time = 0; time < ADOPTIONS; time++) {
    const supervisor = spawn("sleep", ["infinity"]);
    const taken = takeOver(orphan, Number(supervisor.pid));
    const { kept, areKept } = mapsIn(directory);
    deepEqual({ kept, areKept }, { kept: first.kept, areKept: true });
    supervisor.kill("SIGKILL");
    await once(supervisor, "exit");
    taken.leave();
  }
  equal(mapsIn(directory).kept, first.kept);
  // What had been decided was dropped by those that took over.
  equal(await run.ask("list /usr"), EPERM);

  // As a supervisor leaves it that is killed while it adds a note.
  rewrite(directory, id, (whole) =>
    Buffer.concat([whole, Buffer.from(`{"identity":{"serial":9,"program":"${"x".repeat(PIECE)}`)]),
  );
  const successor = start("attach", "kept", "-q", "--report", "attached.json");
  const over = once(successor, "exit");
  await until(() => orphanedNamespaces().length === 0);
  deepEqual([await run.ask("list /usr"), await run.ask("make other")], [0, EPERM]);
  run.end();
  deepEqual(await over, [0, null]);
  const { incomplete } = report("attached.json");
  equal(
    incomplete.some((/** @type {{ reason: string }} */ { reason }) => reason.includes("killed while it noted")),
    true,
  );
});

/** An agent, when it has said something. @param {string} what */
async function agentThatSays(what) {
  const socket = join(cwd, "agent/socket");
  mkdirSync(join(cwd, "agent"), { recursive: true });
  writeFileSync(join(cwd, "agent.yaml"), `socket: ${socket}\nmetrics: none\nadopt: true\n`, { mode: 0o600 });
  const agent = start("agent", "--config", "agent.yaml");
  let said = "";
  agent.stdout.on("data", (text) => (said += text));
  agent.stderr.on("data", (text) => (said += text));
  while (!said.includes(what) && agent.exitCode === null) await setTimeout(100);
  equal(said.includes(what), true, said);
  return agent;
}

test("a supervisor that fails in a process that lives on leaves the namespace to the next one, and refusing", {
  skip,
}, async (t) => {
  t.after(clear);
  const run = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q", "--name", "left");
  const pid = Number((await run.hear()).split(" ")[1]);
  run.child.kill("SIGKILL");
  await run.over;
  const [orphan] = orphanedNamespaces();
  if (orphan === undefined) throw new Error("no namespace is without a supervisor");

  const failing = takeOver(orphan, process.pid);
  deepEqual(orphanedNamespaces(), []);
  run.say("make made");
  await until(() => isStopped(pid));
  failing.leave();
  equal(await run.hear(), `make made ${EPERM}`);
  deepEqual(orphanedNamespaces(), [orphan]);
  deepEqual([await run.ask("list /usr"), await run.ask("make other")], [EPERM, EPERM]);

  const lost = takeOver(orphan, process.pid);
  // As the first thread does for one that is gone; a process that is not the supervisor takes nothing back.
  takeBack({ ...lost.note, supervisor: 1 });
  deepEqual(orphanedNamespaces(), []);
  takeBack(lost.note);
  deepEqual(orphanedNamespaces(), [orphan]);

  // It finds out what it cannot read only when it is the supervisor.
  const noted = rewrite(orphan.directory, orphan.id, (whole) =>
    Buffer.concat([whole, Buffer.from('{"identity":null,"task":{}}\n')]),
  );
  const agent = await agentThatSays('"event":"lost"');
  t.after(() => agent.kill("SIGKILL"));
  deepEqual(orphanedNamespaces(), [orphan]);
  equal(await run.ask("list /usr"), EPERM);
  rewrite(orphan.directory, orphan.id, () => noted);

  const successor = start("attach", "left", "-q");
  const over = once(successor, "exit");
  await until(() => orphanedNamespaces().length === 0);
  deepEqual([await run.ask("list /usr"), await run.ask("make other")], [0, EPERM]);
  run.end();
  deepEqual(await over, [0, null]);
  equal(agent.exitCode, null);
});

test("a namespace that holds nothing is not held by the next supervisor either, and what one left behind is removed", {
  skip,
}, async (t) => {
  t.after(clear);
  const run = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q", "--name", "unheld");
  const pid = Number((await run.hear()).split(" ")[1]);
  run.child.kill("SIGKILL");
  await run.over;
  const [orphan] = orphanedNamespaces();
  if (orphan === undefined) throw new Error("no namespace is without a supervisor");
  const { directory, id } = orphan;
  // As it is noted of `--hold 0`, under which few programs can begin.
  rewrite(directory, id, (noted) => {
    const [first = "", ...others] = noted.toString("utf8").split("\n");
    return Buffer.from([JSON.stringify({ ...JSON.parse(first), holdSeconds: 0 }), ...others].join("\n"));
  });
  const { kept } = mapsIn(directory);
  const closed = BpfMap.create("closed", { type: "hash", keyBytes: 4, valueBytes: 4, entries: 1, flags: 0 });
  const own = BpfMap.pinned("own", `${directory}/own`);
  // As a supervisor leaves it that is killed between a map that it has made and the place for it.
  own.update(Buffer.from(Uint32Array.of(closed.number, 1).buffer), Buffer.alloc(4));
  own.close();
  closed.close();
  equal(mapsIn(directory).kept, kept + 1);

  const successor = start("attach", "unheld", "-q", "--report", "unheld.json");
  const over = once(successor, "exit");
  await until(() => orphanedNamespaces().length === 0);
  equal(mapsIn(directory).kept, kept);
  successor.kill("SIGSTOP");
  equal(await run.ask("make made"), EPERM);
  equal(isStopped(pid), false);
  successor.kill("SIGCONT");
  let answer = EPERM;
  for (let time = 0; time < 200 && answer === EPERM; time++) {
    await setTimeout(20);
    answer = await run.ask("list /usr");
  }
  equal(answer, 0);
  // A name that is made is decided each time, so no verdict on it is kept, and it is refused each time.
  for (let time = 0; time < 2; time++) {
    equal(await run.ask("make tmp.Jm2yF8sLv7"), EPERM);
    await setTimeout(500);
  }
  run.end();
  await over;
  const { incomplete } = report("unheld.json");
  const refused = incomplete.find((/** @type {{ reason: string }} */ { reason }) =>
    reason.endsWith("as it is each time"),
  );
  equal(refused?.count >= 2, true);
});

test("programs of another build are told, and their namespace is taken over by that build alone", {
  skip,
}, async (t) => {
  t.after(clear);
  const run = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q", "--name", "older");
  await run.hear();
  run.child.kill("SIGKILL");
  await run.over;
  const [orphan] = orphanedNamespaces();
  if (orphan === undefined) throw new Error("no namespace is without a supervisor");
  const { directory } = orphan;
  const other = directory.replace(/-[0-9a-f]{16}$/, "-0123456789abcdef");
  renameSync(directory, other);
  t.after(() => existsSync(other) && renameSync(other, directory));
  const { status, stderr } = isoline("attach", "older", "-q");
  match(stderr, /expected programs of this build .* got those of another in .*-0123456789abcdef/);
  equal(status === 0, false);
  const agent = await agentThatSays('"event":"lost"');
  agent.kill("SIGKILL");
  deepEqual(
    orphanedNamespaces().map(({ id }) => id),
    [orphan.id],
  );

  renameSync(other, directory);
  const successor = start("attach", "older", "-q");
  const over = once(successor, "exit");
  await until(() => orphanedNamespaces().length === 0);
  run.end();
  deepEqual(await over, [0, null]);
});
