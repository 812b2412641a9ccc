/** A canister of the agent under the bpf sensor, enforced: refused with the agent, without it, and by the agent that takes it over. */
import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { withoutPrograms } from "../bpf-programs.mjs";
import { bin, canistersMissing, Yard } from "../canister.mjs";

const skip = withoutPrograms || canistersMissing();
const yard = new Yard();
/** Reads each file that `try` names, until it is told to end; `self` is an entry of the shell's own in /proc, where its id is 1. */
const script = `while [ ! -e /tmp/end ]; do
  if [ -e /tmp/try ]; then
    read -r name < /tmp/try
    if [ "$name" = self ]; then read -r own < /proc/self/status; else cat $name > /dev/null; fi 2>> /tmp/said
    rm /tmp/try
  fi
  sleep 0.1
done`;
const inside = (/** @type {string} */ name) => yard.path(`rootfs/tmp/${name}`);

/**
 * Waits four minutes at most: an agent takes half a minute to be ready in an idle machine.
 *
 * @param {string} what @param {() => boolean} isSo
 */
async function until(what, isSo) {
  for (let step = 0; step < 2400; step++) {
    if (isSo()) return;
    await setTimeout(100);
  }
  throw new Error(`${what}: not within four minutes; the agents said ${agents.map(({ said }) => said).join("")}`);
}

/** Has the container read a file; what it said on standard error. @param {string} file */
async function reads(file) {
  rmSync(inside("said"), { force: true });
  writeFileSync(`${inside("try")}.new`, `${file}\n`);
  renameSync(`${inside("try")}.new`, inside("try"));
  await until(`${file} is read`, () => !existsSync(inside("try")));
  return existsSync(inside("said")) ? readFileSync(inside("said"), "utf8") : "";
}

class Agent {
  said = "";
  #process;

  constructor() {
    const configuration = yard.path("agent.yaml");
    writeFileSync(configuration, `socket: ${yard.agent}\nmetrics: none\nadopt: true\n`, { mode: 0o600 });
    mkdirSync(dirname(yard.agent), { recursive: true });
    this.#process = spawn(`${bin}isoline`, ["agent", "--config", configuration], {
      env: yard.environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#process.stdout.setEncoding("utf8").on("data", (text) => (this.said += text));
  }

  /** @param {string} event @param {string} namespace */
  has(event, namespace) {
    return this.said
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line))
      .find((line) => line.event === event && (namespace === "" || line.namespace === namespace));
  }

  /** @param {NodeJS.Signals} signal */
  async end(signal) {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const over = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill(signal);
    await over;
  }
}

/** @type {Agent[]} */
const agents = [];
after(async () => {
  for (const agent of agents) await agent.end("SIGKILL");
  yard.close();
});

/** @param {string} mode */
async function started(mode) {
  rmSync(inside("end"), { force: true });
  const id = yard.id();
  const created = yard.create(id, yard.bundle(script, "bpf", mode, "kept.contour"));
  const { status, stderr } = created === 0 ? yard.runc("start", id) : { status: 0, stderr: "" };
  // What the agent says of it arrives while this process waits.
  if (created !== 0 || status !== 0) await setTimeout(2000);
  deepEqual({ created, status }, { created: 0, status: 0 }, `${stderr}\n${agents.map(({ said }) => said).join("")}`);
  return id;
}

const refusal = /^cat: can't open '\/etc\/group': Operation not permitted\n$/;

test("an enforced canister is refused by the agent, while there is none, and by the next one", { skip }, async () => {
  const first = new Agent();
  agents.push(first);
  await until("the first agent is ready", () => first.has("ready", "") !== undefined);
  yard.useAgent();

  // Twice: what a start does depends a little on which of its processes is the faster one.
  for (let run = 0; run < 2; run++) {
    const learnt = await started("learn");
    for (let file = 0; file < 3; file++) equal(await reads("/etc/passwd"), "");
    equal(await reads("self"), "");
    writeFileSync(inside("end"), "");
    await until(`container ${run} ends`, () => first.has("ended", learnt) !== undefined);
    equal(first.has("ended", learnt).verdict, "learnt");
  }

  const id = await started("enforce");
  deepEqual([await reads("/etc/passwd"), await reads("self")], ["", ""]);
  match(await reads("/etc/group"), refusal);

  await first.end("SIGKILL");
  equal(await reads("/etc/passwd"), "");
  match(await reads("/etc/group"), refusal);

  const next = new Agent();
  agents.push(next);
  await until("the next agent is ready", () => next.has("ready", "") !== undefined);
  await until("the next agent adopts", () => (next.has("began", id) ?? next.has("adopted", id)) !== undefined);
  deepEqual([await reads("self"), await reads("/etc/passwd")], ["", ""]);
  match(await reads("/etc/group"), refusal);
  writeFileSync(inside("end"), "");
  await until("the adopted container ends", () => next.has("ended", id) !== undefined);
  equal(next.has("ended", id).verdict, "off-contour");
  // It waits for the agent that took it over, and loses nothing.
  doesNotMatch(yard.runc("delete", id).stderr, /supervisor died|outlive/);
});
