/** A workload of three programs: `npm` starts `sh`, which starts `node`. */
import { Contour } from "@isoline/core/contour";
import { type Digest, sha256, ZERO_DIGEST } from "@isoline/core/digest";
import type { Circumstances } from "@isoline/core/engine";
import type { Actor, Credentials, Event, Operation, Subject } from "@isoline/core/event";
import { deriveTask, type Image, type Task } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";

export const contentOf = (text: string): Digest => sha256(Buffer.from(text));
export const image = (path: string, content = path): Image => ({ path, digest: contentOf(content) });

export const npm = deriveTask(ZERO_DIGEST, [image("/usr/bin/npm")]);
export const sh = deriveTask(npm.id, [image("/usr/bin/sh")]);
export const node = deriveTask(sh.id, [image("/usr/bin/node"), image("/lib/ld.so")]);

export const user: Credentials = {
  uid: 1000,
  euid: 1000,
  suid: 1000,
  fsuid: 1000,
  gid: 1000,
  egid: 1000,
  sgid: 1000,
  fsgid: 1000,
  capabilities: 0n,
};
export const root: Credentials = {
  uid: 0,
  euid: 0,
  suid: 0,
  fsuid: 0,
  gid: 0,
  egid: 0,
  sgid: 0,
  fsgid: 0,
  capabilities: 0x1ffn,
};

const actorOf = (task: Task, credentials = user): Actor => ({ task: task.id, parent: task.parent, credentials });

export function event<O extends Operation>(task: Task, op: O, subject: Subject<O>, credentials = user): Event {
  return { op, actor: actorOf(task, credentials), subject } as unknown as Event;
}

const plain = { mode: 0o100644, uid: 1000, gid: 1000, fs: "disk" };

export function opens(task: Task, path: string, access = "read", extra: Partial<Subject<"open">> = {}): Event {
  return event(task, "open", { access, path, ...plain, ...extra });
}

export function executes(task: Task, path: string, content = path, extra: Partial<Subject<"exec">> = {}): Event {
  const loader = [`/lib/ld.so@${contentOf("/lib/ld.so")}`];
  return event(task, "exec", { path, ...plain, mode: 0o100755, digest: contentOf(content), loader, ...extra });
}

export function connects(task: Task, address: string): Event {
  return event(task, "connect", { family: "inet", type: "stream", address });
}

/** An empty contour with the three programs. */
export function emptyContour(): Contour {
  const contour = Contour.create({ profile: iso1, policy: "{}" });
  for (const task of [npm, sh, node]) contour.defineTask(task);
  return contour;
}

export function learnt(...events: readonly Event[]): Contour {
  const contour = emptyContour();
  for (const each of events) contour.add(each);
  contour.seal();
  return contour;
}

let sequence = 0;

export function by(process: number, task: Task = node, more: Partial<Circumstances> = {}): Circumstances {
  sequence += 1;
  return { sequence, process, pid: 1000 + process, chain: ["npm ci", "sh", "node"], task, ...more };
}
