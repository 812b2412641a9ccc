/** What the agent tells its service manager (`Type=notify`, `WatchdogSec=`), and what that can tell from its silence. */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pause, until } from "../faults/bench.ts";
import { isBuilt } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";
import { needsNotify, NotifySocket } from "./notify-socket.ts";

/** A sign of life is due each second then. */
const WATCHDOG_USEC = "2000000";
/** So many signs of life would have come. */
const SILENCE_MS = 4000;

const needs = !isBuilt || !isRoot || needsNotify;
describe.skipIf(needs)("an agent and its service manager (needs a build, root, systemd-notify and python3)", () => {
  const agent = new TestAgent();
  let manager: NotifySocket;
  const signs = () => manager.times("WATCHDOG=1", agent.pid);

  beforeAll(async () => {
    manager = await NotifySocket.open(agent.directory);
    await agent.start("", { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC });
  });
  afterAll(async () => {
    await agent.clear();
    manager.close();
  });

  it("says that it is ready, in its own name, and then again and again that it lives", async () => {
    await until(() => signs() >= 3);
    const ready = manager.heard(agent.pid).filter((message) => message.includes("READY=1"));
    expect(ready).toEqual([expect.stringContaining(`STATUS=listening at ${agent.socket}`)]);
    expect(manager.times("STOPPING=1")).toBe(0);
  });

  it("says nothing while its main thread does not run, and goes on when it runs again", async () => {
    process.kill(agent.pid, "SIGSTOP");
    // What was on its way is said.
    await until(() => childrenOf(agent.pid).every(hasEnded));
    const before = signs();
    await pause(SILENCE_MS);
    expect(signs()).toBe(before);
    process.kill(agent.pid, "SIGCONT");
    await until(() => signs() > before);
  });

  it("says that it stops when it is told to end", async () => {
    await agent.end("SIGTERM");
    await until(() => manager.times("STOPPING=1") > 0);
    expect(manager.times("STOPPING=1")).toBe(1);
  });

  it("says no sign of life where none is expected", async () => {
    await agent.start("", { NOTIFY_SOCKET: manager.path });
    await until(() => manager.times("READY=1", agent.pid) > 0);
    await pause(SILENCE_MS);
    expect(signs()).toBe(0);
  });
});

function childrenOf(pid: number): readonly number[] {
  const tasks = `/proc/${pid}/task`;
  const children = readdirSync(tasks).map((tid) => readFileSync(`${tasks}/${tid}/children`, "utf8"));
  return children.join(" ").split(" ").filter(Boolean).map(Number);
}

/** A process that has ended stays a zombie as long as its parent does not run. */
function hasEnded(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
}
