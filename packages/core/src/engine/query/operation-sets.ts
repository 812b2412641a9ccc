/** Names for sets of acts, as `isoline query` understands them in place of an operation. */
import type { Event } from "../../event/event.ts";
import type { Operation } from "../../event/operations.ts";
import { changesContent } from "../consequence/touched.ts";

export interface OperationSet {
  readonly says: string;
  readonly has: (event: Event) => boolean;
}

const among = (...operations: readonly Operation[]): ((event: Event) => boolean) => {
  const set: ReadonlySet<string> = new Set(operations);
  return ({ op }) => set.has(op);
};

const isWriting = among("create", "truncate", "rename", "link", "symlink", "mkdir", "mknod");
const isDeleting = among("unlink", "rmdir", "rename");
const isAttribute = among("chmod", "chown", "setxattr", "removexattr", "utimens", "setflags");
const opensForWriting = (event: Event) => event.op === "open" && changesContent(event.subject.access);

const writes = (event: Event) => isWriting(event) || opensForWriting(event);
const deletes = (event: Event) =>
  isDeleting(event) || (event.op === "open" && /(?:^|,)truncate/.test(event.subject.access));

export const operationSets: Readonly<Record<string, OperationSet>> = {
  read: {
    says: "open for reading, and map",
    has: (event) =>
      event.op === "map" ||
      (event.op === "open" && (event.subject.access.includes("read") || event.subject.access.startsWith("?"))),
  },
  write: {
    says: "create, truncate, open for writing or appending, rename, link, symlink, mkdir, mknod",
    has: (event) => writes(event) || (event.op === "open" && event.subject.access.startsWith("?")),
  },
  delete: {
    says: "unlink, rmdir, rename (the old name is gone), open that truncates, truncate",
    has: (event) => deletes(event) || event.op === "truncate",
  },
  change: {
    says: "write, delete, chmod, chown, setxattr, removexattr, utimens, setflags",
    has: (event) =>
      writes(event) ||
      deletes(event) ||
      isAttribute(event) ||
      (event.op === "open" && event.subject.access.startsWith("?")),
  },
  execute: {
    says: "exec, map, map-anonymous, protect: whatever runs code",
    has: among("exec", "map", "map-anonymous", "protect"),
  },
  network: {
    says: "resolve, socket, bind, listen, connect, accept, send",
    has: among("resolve", "socket", "bind", "listen", "connect", "accept", "send"),
  },
  process: {
    says: "kill, ptrace, vm, getfd, adjust, sigio",
    has: among("kill", "ptrace", "vm", "getfd", "adjust", "sigio"),
  },
};
