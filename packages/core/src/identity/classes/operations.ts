/** The operations whose names may be levelled by a class, and the fields that hold them. Never what is executed or mapped. */
import type { Operation } from "../../event/operations.ts";

export const classFields: Readonly<Partial<Record<Operation, readonly string[]>>> = {
  open: ["path"],
  create: ["path"],
  unlink: ["path"],
  rmdir: ["path"],
  rename: ["path", "to"],
  link: ["path", "to"],
  symlink: ["path"],
  mkdir: ["path"],
  truncate: ["path"],
  chmod: ["path"],
  chown: ["path"],
  setxattr: ["path"],
  removexattr: ["path"],
  utimens: ["path"],
  bind: ["address"],
  listen: ["address"],
  connect: ["address"],
  accept: ["address"],
  send: ["address"],
};

export const classOperations = Object.keys(classFields) as Operation[];
