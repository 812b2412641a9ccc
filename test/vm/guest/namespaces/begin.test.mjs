/** A process that begins a namespace for itself, at an agent: it and all that it starts are inside, and no one is who should not be. */
import { deepEqual, equal, match } from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { bin } from "../canister.mjs";

const OWNER = 65_531;
const STRANGER = 65_532;
const program = fileURLToPath(new URL("../begins.pl", import.meta.url));
const place = mkdtempSync(join(tmpdir(), "begin-"));
const socket = join(place, "begin/socket");
const at = (/** @type {string} */ name) => join(place, name);
const PLACES = { cwd: "/", home: "/", temp: [], uid: OWNER, gid: OWNER, ephemeralPorts: [32768, 60999] };

/** @param {object} more */
const order = (more = {}) =>
  JSON.stringify({
    ...{ isoline: 1, ask: "begin", itself: true, enforces: false, command: "begins.pl", words: [], places: PLACES },
    ...more,
  });

/** @type {import("node:child_process").ChildProcessWithoutNullStreams | undefined} */
let agent;
let said = "";

async function start() {
  said = "";
  const started = spawn(`${bin}isoline`, ["agent", "--config", at("agent.yaml")], {
    env: { PATH: process.env["PATH"], LC_ALL: "C", ISOLINE_HOST_DIRECTORY: place },
  });
  agent = started;
  for (const stream of [started.stdout, started.stderr])
    stream.setEncoding("utf8").on("data", (text) => (said += text));
  await until(() => said.includes('"event":"ready"'));
}

/** @param {() => boolean} isSo */
async function until(isSo) {
  // A loaded machine that emulates another one needs minutes.
  for (let step = 0; step < 2400; step++) {
    if (isSo()) return;
    await setTimeout(100);
  }
  throw new Error(`it did not come; the agent said ${said}`);
}

/** The lines that the agent logged. @param {string} event */
const logged = (event) =>
  said
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))
    .filter((line) => line.event === event);

/** Runs the program as a user; what it said, line by line. @param {readonly string[]} steps @param {number} uid */
function begins(steps, uid = OWNER) {
  const child = spawn("perl", [program, socket, ...steps], { uid, gid: uid, cwd: "/", env: { PATH: "/usr/bin:/bin" } });
  let out = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (out += text));
  const lines = () => out.trimEnd().split("\n");
  /** @type {Promise<{ status: number | null, signal: string | null, lines: string[] }>} */
  const ended = new Promise((resolve) =>
    child.on("close", (status, signal) => resolve({ status, signal, lines: lines() })),
  );
  return { pid: child.pid, lines, ended };
}

/** The namespaces that the kernel has, as `isoline unpin` names them when it refuses; the machine has one of its own. */
const namespaces = () => {
  const { stderr } = spawnSync(`${bin}isoline`, ["unpin"], { encoding: "utf8" });
  return stderr.match(/namespace \d+: \d+ processes/g) ?? [];
};
const stranger = "/sys/fs/bpf/isoline/of a stranger";
/** @type {string[]} */
let machines = [];
const ASKS = ["privileges", "", "ask"];
const outcome = (/** @type {string | undefined} */ line) => JSON.parse((line ?? "").split("\n").at(-1) ?? "");

before(async () => {
  if (skip) return;
  machines = namespaces();
  // A directory that holds no load of the sensor is in the way of no process that begins one.
  mkdirSync(stranger, { recursive: true });
  chmodSync(place, 0o711);
  const allow = `[{ users: [${OWNER}] }]`;
  writeFileSync(
    at("agent.yaml"),
    `socket: ${at("agent/socket")}\nmetrics: none\nbegin: { socket: ${socket}, itself: true, namespaces: 64, allow: ${allow} }\n`,
    { mode: 0o600 },
  );
  mkdirSync(at("open"), { mode: 0o777 });
  chmodSync(at("open"), 0o777);
  await start();
});
after(async () => {
  if (skip) return;
  agent?.kill("SIGKILL");
  await setTimeout(500);
  // No more is removed: without the programs that are loaded, each command of a later test would load its own.
  rmdirSync(stranger);
  rmSync(place, { recursive: true, force: true });
});

/** @type {string} */
let contour;

test("what it, its child and its next program do is learnt, and is in the evidence", { skip }, async () => {
  const steps = ["read", "/etc/hostname", "child", "/etc/passwd"];
  const show = '{"isoline":1,"ask":"contour"}';
  const one = begins([
    ...ASKS,
    order({ name: "learns" }),
    ...steps,
    "wait",
    at("open/learnt"),
    "ask",
    show,
    "exec",
    "/etc/group",
  ]);
  await until(() => one.lines().length >= 3);
  const evidence = spawnSync(
    `${bin}isoline`,
    ["attest", "evidence", "--no-tpm", "--challenge", "ab".repeat(32), "-o", at("out.cbor")],
    { env: { PATH: process.env["PATH"], ISOLINE_HOST_DIRECTORY: place }, encoding: "utf8" },
  );
  match(evidence.stderr, /about 1 canister/);
  const shown = spawnSync(`${bin}isoline`, ["attest", "show", at("out.cbor")], { encoding: "utf8" });
  match(shown.stdout, /begun:65531:learns/);
  writeFileSync(at("open/learnt"), "");
  const { status, lines } = await one.ended;
  equal(status, 0, `${lines.join("\n")}\n${said}`);
  equal(outcome(lines[0]).say, "begun", lines[0]);
  deepEqual(lines.slice(1, 3), ["read 0", "child 0"]);
  contour = outcome(lines[3]).answer.contour;
  match(contour, /passwd/);
  match(contour, /hostname/);
  await until(() => logged("ended").length === 1);
  equal(logged("ended")[0].verdict, "learnt");
  deepEqual(logged("ended")[0].incomplete, []);
});

test("held to a contour, it and what it starts are refused what is off; a second request changes nothing", {
  skip,
}, async () => {
  const bytes = Buffer.from(contour).toString("base64");
  const held = order({ name: "held", enforces: true, contour: { called: "x", bytes } });
  const files = ["read", "/etc/hostname", "child", "/etc/passwd", "read", "/etc/services", "child", "/etc/services"];
  const again = ["ask", order({ name: "weaker" }), "ask", '{"isoline":1,"ask":"policy","policy":"dont_measure\\n"}'];
  const one = begins([...ASKS, held, ...files, ...again, "wait", at("open/killed"), ...files]);
  await until(() => one.lines().length >= 7);
  const before = one.lines();
  equal(outcome(before[0]).say, "begun", before[0]);
  deepEqual(before.slice(1, 5), ["read 0", "child 0", "read 1", "child 1"]);
  match(before[5] ?? "", /outside of all behaviour namespaces|no connection/);
  // The kernel goes on where the agent is gone, and no other agent makes it more.
  agent?.kill("SIGKILL");
  await setTimeout(500);
  await start();
  await until(() => logged("lost").length === 1);
  writeFileSync(at("open/killed"), "");
  const { lines } = await one.ended;
  deepEqual(lines.slice(7), ["read 0", "child 0", "read 1", "child 1"]);
});

for (const [what, steps, why] of /** @type {[string, string[], RegExp][]} */ ([
  ["that may gain privileges", ["ask"], /gains no privileges/],
  ["with two threads", ["thread", "", ...ASKS], /one thread, got 2/],
  ["with a child", ["idle", "", ...ASKS], /whose child \d+ would stay outside/],
  ["that is traced", ["traced", "", ...ASKS], /no other one traces/],
]))
  test(`a process ${what} is refused, and goes on outside`, { skip }, async () => {
    const { lines } = await begins([...steps, order(), "read", "/etc/services"]).ended;
    const last = lines.slice(-2);
    match(last[0] ?? "", why);
    equal(last[1], "read 0");
  });

test("one in a namespace begins no other, and one that is not allowed begins none", { skip }, async () => {
  const { lines } = await begins([...ASKS, order(), "ask", order()]).ended;
  equal(outcome(lines[0]).say, "begun", lines[0]);
  match(lines[1] ?? "", /outside of all behaviour namespaces/);
  const { lines: stranger } = await begins([...ASKS, order()], STRANGER).ended;
  match(stranger[0] ?? "", /got user 65532/);
});

test("one that forks or executes while it is taken in is inside or ended, and nothing of it is left in the kernel", {
  skip,
}, async () => {
  for (const [name, ...more] of [
    ["forks", "forks", ""],
    ["becomes", "becomes", "2"],
  ])
    await begins(["privileges", "", "hurry", order({ name }), ...more]).ended;
  await until(() => logged("began").length === logged("ended").length && namespaces().length === machines.length);
  deepEqual(namespaces(), machines);
});
