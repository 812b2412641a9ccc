/** Calls that make code run: exec, executable mappings, memory that becomes executable. */
import { builtBy, type Call } from "@isoline/core/identity";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from "../../../abi/stat.ts";
import { digestField, remarksOn } from "../../files/content.ts";
import type { Context, Decoder } from "../context.ts";
import { calledWith, type Naming } from "./called.ts";
import { inspect, inspectAsked, type Runnable } from "./images.ts";
import type { Identity } from "../../acting.ts";
import type { Act, Verdict } from "../../mediation.ts";
import type { Found } from "../../files/found.ts";
import { EXECUTE } from "../../words/access.ts";
import { eachMapping, MANY_BYTES } from "../listener/maps.ts";
import type { Thread } from "../tasks/process.ts";
import { isEmptyPath, withDescriptor, withObject } from "./objects.ts";

const UNKNOWN = { mode: 0, uid: 0, gid: 0, fs: "?", loader: [] };
const MAP_ANONYMOUS = 0x20;
const SLASH = 0x2f;
const PROT_WRITE = 2;
/** linux/fcntl.h, since Linux 6.14: the kernel only says whether it would execute the file, and earlier that it does not know the flag. */
const AT_EXECVE_CHECK = 0x1_0000;
/** Upper bound of what an exec adds to a key beside its two paths. */
const LONGEST_KEY = 8192;

export const execve: Decoder = (context, thread) =>
  withObject(context, thread, { directory: AT_FDCWD, argument: 0 }, true, unresolved, (found) =>
    execute(context, thread, found, { argv: context.call.pointer(1), filename: pathIn(context) }),
  );

export const execveat: Decoder = (context, thread) => {
  const flags = context.call.u32(4);
  const named = { directory: context.call.int(0), argument: 1 };
  const argv = context.call.pointer(2);
  const { directory } = named;
  const isAsking = (flags & AT_EXECVE_CHECK) !== 0;
  if ((flags & AT_EMPTY_PATH) !== 0 && isEmptyPath(context, thread, named)) {
    const filename = Buffer.from(`/dev/fd/${directory}`);
    return withDescriptor(context, thread, directory, unresolved, (found) =>
      isAsking ? ask(context, thread, found) : execute(context, thread, found, { argv, filename }),
    );
  }
  return withObject(context, thread, named, (flags & AT_SYMLINK_NOFOLLOW) === 0, unresolved, (found) => {
    if (isAsking) return ask(context, thread, found);
    const path = pathIn(context);
    const isFromStart = directory === AT_FDCWD || path[0] === SLASH;
    const filename = isFromStart ? path : Buffer.concat([Buffer.from(`/dev/fd/${directory}/`), path]);
    return execute(context, thread, found, { argv, filename });
  });
};

/** The path that was read last. */
function pathIn({ memory: { bytes } }: Context): Buffer {
  return Buffer.from(bytes.subarray(0, bytes.indexOf(0)));
}

function unresolved(path: string): Act {
  return { op: "exec", subject: { path, ...UNKNOWN } };
}

/** To ask whether a file may be executed exchanges nothing. The inspector of files answers as the kernel's own does. */
function ask(context: Context, thread: Thread, target: Found): Verdict {
  const denied = inspectAsked(context, thread, target);
  if (denied !== 0) context.mediator.attempted();
  return denied;
}

/** The files of an exec are examined each time. It is decided about only if it differs from what was decided before. */
function execute(context: Context, thread: Thread, target: Found, naming: Naming): Verdict {
  const execution = inspect(context, thread, target);
  if ("refusedWith" in execution) return context.refuses(execution.refusedWith);
  if ("deniedWith" in execution) {
    context.mediator.attempted();
    return execution.deniedWith;
  }
  const { images, contents } = execution;
  const { call, words } = calledWith(context, thread, naming, execution);
  if (words.error !== 0) return context.unreadable(thread, words.error);
  const { unseen } = execution;
  const lost = unseen === undefined ? 0 : context.mediator.lost(`interpreter not resolved (${unseen})`, thread.process);
  const { identity } = thread.process;
  const decided = decide(
    context,
    thread,
    textOf(context, target, execution, call),
    () => {
      const [{ digest }, ...loaders] = images;
      const loader = loaders.map((each) => `${each.path}@${each.digest ?? "?"}`);
      const subject = { ...context.files.describe(target), ...(digest ? { digest } : {}), loader, ...call };
      return { op: "exec", subject, ...remarksOn(...contents) };
    },
    () => {
      const { task, program } = context.mediator.taskOf(identity, images, thread, call);
      return context.tasks.identify(task, program, identity);
    },
  );
  const verdict = decided.verdict || lost;
  if (verdict === 0) {
    const { executable } = execution;
    const isShown = executable !== "" && contents.every(({ digest }) => digest !== undefined);
    const program = { executable, isShown: isShown && context.permissions.isPeer(thread) };
    context.tasks.execStarts(thread, decided.next(), program, words.expected());
    context.origins.executing(thread.process);
    context.networks.executing(thread);
    // Only the task itself can execute; the program that runs is checked afterwards.
    return context.racy();
  }
  return verdict;
}

/**
 * Decides about an exec that `text` identifies (undefined: each is decided anew). `next` returns the identity that the process
 * gets, as `identify` does if it is not known.
 */
function decide(
  context: Context,
  thread: Thread,
  text: string | undefined,
  describe: () => Act<"exec">,
  identify: () => Identity,
): { readonly verdict: Verdict; readonly next: () => Identity } {
  if (text === undefined) return { verdict: context.decide(thread, describe()), next: identify };
  const name = `${thread.process.identity.serial} ${thread.credentialsSerial} ${text}`;
  let isKnown = true;
  const verdict = context.exchange(thread, context.keyFor("exec", thread).string(text), () => {
    isKnown = false;
    return describe();
  });
  const known = isKnown ? context.knownExecs.of(name) : undefined;
  return { verdict, next: () => known ?? context.knownExecs.keep(name, identify()) };
}

/**
 * Everything in the event, before it is levelled: describing, levelling, encoding and hashing it again takes longer than
 * comparing it. Undefined for an event that is counted each time, or that may refer to another process each time. No part
 * contains a line break: in paths and names they are escaped.
 */
function textOf(context: Context, target: Found, { images, contents }: Runnable, call: Call): string | undefined {
  for (const { remark } of contents) if (remark !== undefined) return undefined;
  const { mode, uid, gid } = target.stat;
  let text = `${mode} ${uid} ${gid} ${context.files.classOf(target)} ${images.length}`;
  for (const { path, digest } of images) text += `\n${digest ?? "?"} ${path}`;
  if (call.as !== undefined) text += `\nas ${call.as}`;
  if (call.runs !== undefined) for (const run of call.runs) text += `\nruns ${run}`;
  return text.length > LONGEST_KEY || text.includes("/proc/") ? undefined : text;
}

/** `mmap(addr, length, prot, flags, fd, offset)` with PROT_EXEC. */
export const mmap: Decoder = (context, thread) => {
  const access = protection(context.call.u32(2));
  if ((context.call.u32(3) & MAP_ANONYMOUS) !== 0) return anonymous(context, thread, "map-anonymous", access);
  return withDescriptor(
    context,
    thread,
    context.call.int(4),
    (path) => ({ op: "map", subject: { access, path, mode: 0, uid: 0, gid: 0, fs: "?" } }),
    (found) => {
      const key = context.versioned(context.keyFor("map", thread).u32(context.call.u32(2)).object(found), found);
      const describe = (): Act => {
        const content = context.files.contentOf(found, undefined, usedAs(context.call.u32(2)));
        const makers = context.building.makersOf(found, content.digest);
        const known = makers === undefined ? content : { digest: builtBy(makers) };
        const subject = { access, ...context.files.describe(found), ...digestField(known) };
        return { op: "map", subject, ...remarksOn(content) };
      };
      const look = () => context.inspect(thread, found, "map", EXECUTE);
      // Another thread may redirect the descriptor before the kernel uses it.
      return context.exchange(thread, key, describe, look) || context.racy();
    },
  );
};

export const mprotect: Decoder = (context, thread) =>
  inspectProtected(context, thread) || anonymous(context, thread, "protect", protection(context.call.u32(2)));

/** Files that were mapped without execute permission and are about to get it. */
function inspectProtected(context: Context, thread: Thread): Verdict {
  const without = context.mediator.inspector?.withoutFile("protect", thread) ?? 0;
  if (without === 0) return 0;
  const start = context.call.pointer(0);
  const { found } = context;
  const ranges = notExecutable(thread.tid, start, start + context.call.pointer(1));
  if (ranges === undefined) return without;
  for (const range of ranges) {
    try {
      const result = context.finder.findMapped(found, thread, range);
      const refused = result < 0 ? without : context.inspect(thread, found, "protect", EXECUTE);
      if (refused !== 0) return refused;
    } finally {
      found.close();
    }
  }
  // Another thread may map another file there before the kernel looks.
  return ranges.length === 0 ? 0 : context.racy();
}

/**
 * Ranges of mappings of files, at least partly between two addresses, that are not executable; as /proc/TID/map_files names them.
 * Undefined if they cannot be read, or are too many.
 */
function notExecutable(tid: number, start: bigint, end: bigint): readonly string[] | undefined {
  const ranges: string[] = [];
  const isTold = eachMapping(
    tid,
    start,
    ({ from, range, rights, inode }) => {
      if (from >= end) return false;
      if (inode !== "0" && rights[2] !== "x") ranges.push(range);
      return ranges.length <= MOST_RANGES;
    },
    MANY_BYTES,
  );
  return isTold && ranges.length <= MOST_RANGES ? ranges : undefined;
}

/** Far more mappings of files than one call makes executable. */
const MOST_RANGES = 256;

export const shmat: Decoder = (context, thread) => anonymous(context, thread, "map-anonymous", "shared,execute");

function anonymous(context: Context, thread: Thread, op: "map-anonymous" | "protect", access: string): Verdict {
  const key = context.keyFor(op, thread).text(Buffer.from(access));
  return context.exchange(thread, key, () => ({ op, subject: { access } }));
}

/** A file that is mapped writable is data as well: the event says that it may be written to. */
function usedAs(prot: number): "executed" | "read" {
  return (prot & PROT_WRITE) === 0 ? "executed" : "read";
}

function protection(prot: number): string {
  return (prot & PROT_WRITE) !== 0 ? "write,execute" : "execute";
}

/** READ_IMPLIES_EXEC and other personalities: from here on `mmap` has another meaning. */
export const personality: Decoder = (context, thread) =>
  context.decide(thread, {
    op: "prctl",
    subject: { option: "personality", value: `0x${context.call.u32(0).toString(16)}` },
  });
