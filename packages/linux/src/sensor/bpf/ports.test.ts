/** Sockets of a real process, found by its descriptors. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { ESRCH } from "../../abi/errno.ts";
import { pidfdOpen } from "../../abi/libc.ts";
import type { LocalSocket } from "../own-ports.ts";
import type { Asked } from "./asked.ts";
import { noteSocket } from "./ports.ts";
import type { BpfProcess } from "./processes.ts";
import { operations } from "./record.ts";

/** Has a socket with a port that the kernel gave it; then another one by the same descriptor. */
const SCRIPT = `use Socket; use POSIX (); $| = 1;
for my $each (\\*ONE, \\*OTHER) { socket $each, AF_INET, SOCK_STREAM, 0; bind $each, pack_sockaddr_in(0, INADDR_LOOPBACK); }
print fileno(ONE), "\\n"; <STDIN>; POSIX::dup2(fileno(OTHER), fileno(ONE)); print "\\n"; <STDIN>;`;

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
});

/** What the mediator is told of a bind to port 0, by a process that still has its pid or does not. */
async function bound(isStill = true) {
  const child = spawn("perl", ["-e", SCRIPT], { stdio: ["pipe", "pipe", "inherit"] });
  running.push(child);
  const [fd] = (await once(child.stdout, "data")) as [Buffer];
  const own: number[] = [];
  const pending: (() => LocalSocket | undefined)[] = [];
  const mediator = {
    ownSocket: (inode: number) => void own.push(inode),
    portPending: (resolve: () => LocalSocket | undefined) => void pending.push(resolve),
  };
  const state = { isStill };
  const members = { open: ({ pid }: { pid: number }) => (state.isStill ? pidfdOpen(pid, 0) : -ESRCH) };
  const process = { pid: child.pid as number, handle: 7, unnumbered: new Set() } as unknown as BpfProcess;
  const record = { operation: operations.bind, argument: () => Number(fd), network: "" };
  noteSocket(mediator, members, { record, process } as unknown as Asked, 0);
  const replace = async () => {
    child.stdin.write("\n");
    await once(child.stdout, "data");
  };
  return { own, looks: () => pending.map((resolve) => resolve()), replace, state };
}

test("a socket with a given port is the namespace's, and so is the port", async () => {
  const { own, looks } = await bound();
  expect(looks()).toEqual([{ inode: own[0], port: expect.any(Number) }]);
  expect(own).toHaveLength(1);
});

test("a socket of a process that has the pid by now is not", async () => {
  const at = await bound(false);
  expect([at.own, at.looks()]).toEqual([[], [undefined]]);
  const later = await bound();
  later.state.isStill = false;
  expect(later.looks()).toEqual([undefined]);
});

test("another socket that has its descriptor by now is not", async () => {
  const { looks, replace } = await bound();
  await replace();
  expect(looks()).toEqual([undefined]);
});
