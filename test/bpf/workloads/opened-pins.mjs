/**
 * Namespaces of the bpf sensor while the directory of the pins is another user's, or open to others. What is found is told as JSON.
 * Run in a mount namespace with a bpf file system of its own.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, closeSync, lstatSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

const { pidfdOpen } = await import("../../../packages/linux/dist/abi/libc.js");
const { KernelNamespace } = await import("../../../packages/linux/dist/sensor/bpf/kernel-namespace.js");
const { isInBpfNamespace } = await import("../../../packages/linux/dist/sensor/bpf/membership.js");
const { unpinAll, unreadableLoads } = await import("../../../packages/linux/dist/sensor/bpf/pinned.js");

const PINS = "/sys/fs/bpf/isoline";
const begin = () =>
  KernelNamespace.begin({
    ...{ attachment: "tracepoints", mode: "tell", versions: "run", bars: false, supervisor: process.pid, keys: 64 },
    ...{ ringSize: 65_536, holdSeconds: 1, label: "" },
  });
/** What a look gives, or that it throws. @template T @param {() => T} look */
const tried = (look) => {
  try {
    return look();
  } catch {
    return "throws";
  }
};
const descriptors = () => readdirSync("/proc/self/fd").length;
const mode = () => (lstatSync(PINS).mode & 0o777).toString(8);

/** A process that begins a namespace. @param {ReturnType<typeof begin>} namespace */
const enter = (namespace) => {
  const child = spawn("sleep", ["600"]);
  const pidfd = pidfdOpen(Number(child.pid), 0);
  namespace.members.begin(pidfd);
  const end = async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
    closeSync(pidfd);
    while (namespace.census().live > 0) await setTimeout(10);
  };
  return { pidfd, end };
};

const stays = begin();
const inside = enter(stays);
const isMember = () => tried(() => isInBpfNamespace(inside.pidfd));

/** @type {Record<string, unknown>} */
const members = { asMade: isMember() };
chmodSync(PINS, 0o755);
members["read"] = isMember();
chmodSync(PINS, 0o777);
members["written"] = isMember();
begin().leave();
members["closed"] = isMember();
const closed = mode();

mkdirSync(`${PINS}/theirs`);
chownSync(`${PINS}/theirs`, 1000, 0);
members["beside"] = isMember();
begin().leave();
rmdirSync(`${PINS}/theirs`);

const ends = begin();
await enter(ends).end();
/** @type {Record<string, unknown>} */
const ended = {};
chownSync(PINS, 1000, 0);
members["owned"] = isMember();
const before = descriptors();
ended["leave"] = tried(() => ends.leave());
ended["closes"] = before - descriptors() > 20;
chownSync(PINS, 0, 0);
begin().leave();

mkdirSync(`${PINS}/unfinished`);
mkdirSync(`${PINS}/empty`);
mkdirSync(`${PINS}/of another build/its own`, { recursive: true });
/** @type {Record<string, unknown>} */
const loads = { unreadable: unreadableLoads() };
rmdirSync(`${PINS}/of another build/its own`);
rmdirSync(`${PINS}/of another build`);
rmdirSync(`${PINS}/unfinished`);

await inside.end();
stays.leave();
loads["ended"] = readdirSync(PINS);
// Removed as well: an empty directory, which is no load, and the rest of one that was not completed.
mkdirSync(`${PINS}/unfinished`);
unpinAll(false);
loads["left"] = readdirSync(PINS);
console.log(JSON.stringify({ members, closed, ended, loads }));
