/**
 * Requests about a descriptor (`ioctl`, `fcntl`) that reach beyond it: into a terminal, into another process, into the
 * flags of a file. All others are data and do not stop.
 */
import { fcntlCommands, flagRequests, ownerRequests, terminalRequests } from "../../words/requests.ts";
import { pidMeant } from "../tasks/pid-numbers.ts";
import type { Thread } from "../tasks/process.ts";
import type { Context, Decoder } from "../context.ts";
import type { Verdict } from "../../mediation.ts";
import { type Aim, aimAtGroup, aimAtPid, reach } from "./aim.ts";
import { setFlags } from "./attributes.ts";
import { withDescriptor } from "./names.ts";

export const ioctl: Decoder = (context, thread) => {
  const request = context.call.u32(1);
  if (flagRequests.includes(request)) return setFlags(context, thread);
  if (ownerRequests.includes(request)) {
    const error = context.memory.exactly(thread.tid, context.call.pointer(2), 4);
    return error < 0 ? context.unreadable(thread, error) : owner(context, thread, context.memory.bytes.readInt32LE(0));
  }
  const word = terminalRequests[request] ?? `0x${request.toString(16)}`;
  return withDescriptor(
    context,
    thread,
    context.call.int(0),
    (path) => ({ op: "ioctl", subject: { request: word, path, mode: 0, uid: 0, gid: 0, fs: "?" } }),
    (found) => {
      if (!found.stat.isCharacterDevice) return context.attempt();
      return context.decide(thread, { op: "ioctl", subject: { request: word, ...context.files.describe(found) } });
    },
  );
};

/** Kinds of owner (linux/fcntl.h). */
const F_OWNER_TID = 0;
const F_OWNER_PID = 1;
const F_OWNER_PGRP = 2;

/** `F_SETOWN` takes the number as its argument, `F_SETOWN_EX` a pointer to `struct f_owner_ex { int type; pid_t pid; }`. */
export const fcntl: Decoder = (context, thread) => {
  if (context.call.u32(1) === fcntlCommands.setOwner) return owner(context, thread, context.call.int(2));
  const error = context.memory.exactly(thread.tid, context.call.pointer(2), 8);
  if (error < 0) return context.unreadable(thread, error);
  const kind = context.memory.bytes.readInt32LE(0);
  const number = context.memory.bytes.readInt32LE(4);
  if (number < 0 || ![F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP].includes(kind)) return context.attempt();
  return owner(context, thread, kind === F_OWNER_PGRP ? -number : number);
};

/** 0 is nobody: the descriptor's signals end. */
function owner(context: Context, thread: Thread, number: number): Verdict {
  if (number === 0) return 0;
  const aim: Aim =
    number < 0 ? aimAtGroup(context, thread, -number) : aimAtPid(context, thread, pidMeant(thread, number));
  return reach(context, thread, aim, (target) => ({ op: "sigio", subject: target }));
}
