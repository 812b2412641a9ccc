/**
 * Mounts: `mount`, and the calls of the newer interface, in which a file system is configured through a descriptor (`fsopen`,
 * `fspick`, `fsconfig`, `fsmount`) and a tree is mounted through another (`open_tree`, `move_mount`).
 *
 * They are events whether or not the kernel permits them. Every argument counts: source, type, flags, options, with the objects
 * that paths and descriptors in them lead to. An argument that cannot be read is marked, and the call fails with EFAULT here,
 * because the kernel might be able to read it.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { escapeBytes } from "@isoline/core/event";
import { EFAULT, EPERM } from "../../../abi/errno.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from "../../../abi/stat.ts";
import { pathText } from "../../files/knowledge.ts";
import { type Act, refusedAnyway, type Verdict } from "../../mediation.ts";
import { attributesIn } from "../../words/mount-attributes.ts";
import { BINARY, fsconfigCommand, goesOn, inOrder, type Naming, optionsOf, said } from "../../words/mount-options.ts";
import type { Context, Decoder } from "../context.ts";
import { isMapped } from "../listener/memory.ts";
import { fileMark } from "../tasks/lineage.ts";
import type { Thread } from "../tasks/process.ts";
import { UNREADABLE } from "./privileges.ts";
import { isServedHere, isServing, mountingServed } from "./served.ts";

/** Old programs put this into the upper half of the flags, and the kernel takes it off first (fs/namespace.c, path_mount). */
const MS_MGC_VAL = 0xc0ed_0000;
const MS_MGC_MSK = 0xffff_0000;
/** linux/mount.h */
const MS_REMOUNT = 0x20;
const MS_BIND = 0x1000;
const MS_MOVE = 0x2000;
/** Shared, private, slave, unbindable: only the propagation of mounts changes. */
const MS_PROPAGATION = 0x1e_0000;
const MOVE_F_SYMLINKS = 0x01;
const MOVE_F_EMPTY_PATH = 0x04;
const MOVE_T_SYMLINKS = 0x10;
const MOVE_T_EMPTY_PATH = 0x40;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0x8_0000;
const FSPICK_CLOEXEC = 1;
const FSPICK_SYMLINK_NOFOLLOW = 2;
const FSPICK_EMPTY_PATH = 8;

const PAGE = 4096;
const NONE = "none";
/** In front of a disk that a process may serve: its driver can be told so without an open of it (nbd, by netlink). */
const SERVED = "?served:";
/** Only these options are valid without "=": bytes of a structure would otherwise look like text. */
const HEAD = 4;

/** Calls whose arguments include the type of the new mount. */
const MAKING: ReadonlySet<string> = new Set(["mount", "fsopen"]);

interface Mounting {
  readonly call: string;
  readonly source?: string;
  readonly path?: string;
  readonly type?: string;
  readonly flags?: number;
  readonly options?: readonly string[];
}

/** Decides about the call; an argument that the sensor could not read must not be read by the kernel either. */
function decide(context: Context, thread: Thread, mounting: Mounting): Verdict {
  const { call, source = NONE, path = NONE, type = NONE, flags = 0, options = [] } = mounting;
  const subject = { call, source, path, type, flags: BigInt(flags >>> 0), options };
  const act: Act = { op: "mount", subject };
  const isUnread = [source, path, type, ...options].includes(UNREADABLE);
  const isServed =
    [source, ...options].some((text) => text.includes(SERVED)) || (MAKING.has(call) && isServedHere(type));
  const verdict = context.decide(thread, isUnread || isServed ? refusedAnyway(act) : act);
  if (verdict !== 0) return verdict;
  if (isUnread) return context.refuses(EFAULT);
  if (isServed) return EPERM;
  return MAKING.has(call) ? mountingServed(context, thread, type) : 0;
}

/** `mount(source, target, type, flags, data)` */
export const mount: Decoder = (context, thread) => {
  context.origins.mountsChange();
  const flags = withoutMagic(context.call.u32(3));
  const type = textAt(context, thread, 2);
  const path = at(context, thread, AT_FDCWD, 1, { follow: true, isTarget: true });
  const source = sourceAt(context, thread, flags, type);
  return decide(context, thread, { call: "mount", source, path, type, flags, options: dataAt(context, thread, type) });
};

function withoutMagic(flags: number): number {
  return (flags & MS_MGC_MSK) >>> 0 === MS_MGC_VAL ? flags & ~MS_MGC_MSK : flags;
}

/** `fsopen(type, flags)` */
export const fsopen: Decoder = (context, thread) => {
  const type = textAt(context, thread, 0);
  const verdict = decide(context, thread, { call: "fsopen", type });
  if (context.listener.goesAhead(verdict)) context.mountContexts.opening(thread, { type, path: NONE });
  return verdict;
};

/** `fspick(dirfd, path, flags)` */
export const fspick: Decoder = (context, thread) => {
  const flags = context.call.u32(2) & ~FSPICK_CLOEXEC;
  const path = at(context, thread, context.call.int(0), 1, {
    follow: (flags & FSPICK_SYMLINK_NOFOLLOW) === 0,
    mayBeEmpty: (flags & FSPICK_EMPTY_PATH) !== 0,
  });
  const verdict = decide(context, thread, { call: "fspick", path, flags });
  if (context.listener.goesAhead(verdict)) context.mountContexts.opening(thread, { type: NONE, path });
  return verdict;
};

/** `fsconfig(fd, command, key, value, aux)` */
export const fsconfig: Decoder = (context, thread) => {
  const { type, path } = context.mountContexts.of(thread, context.call.int(0));
  const command = context.call.u32(1);
  const options = [fsconfigCommand(command), ...configured(context, thread, command, type)];
  return decide(context, thread, { call: "fsconfig", type, path, options });
};

/** What is set: depending on the command, the value is text, bytes, a path relative to a directory, or a descriptor. */
function configured(context: Context, thread: Thread, command: number, type: string): string[] {
  if (context.call.isNull(2)) return [];
  const name = stringAt(context, thread, 2);
  if (name === undefined) return [UNREADABLE];
  const key = given(name);
  const naming = namingFor(context, thread, AT_FDCWD);
  switch (fsconfigCommand(command)) {
    case "set-flag":
      return joined(name.toString("latin1"), naming);
    case "set-string": {
      const value = stringAt(context, thread, 3);
      if (value === undefined) return [UNREADABLE];
      if (key === "source") return [`source=${deviceOr(context, thread, value, type)}`];
      return joined(`${name.toString("latin1")}=${value.toString("latin1")}`, naming);
    }
    case "set-binary":
      return [`${key}=${binaryAt(context, thread, context.call.int(4))}`];
    case "set-path":
    case "set-path-empty":
      return [
        `${key}=${at(context, thread, context.call.int(4), 3, { follow: true, mayBeEmpty: command === 4, isDevice: true })}`,
      ];
    case "set-fd":
      return [`${key}=${naming.descriptor(context.call.int(4))}`];
    default:
      return [key];
  }
}

/**
 * An option as a file system that takes text gets it: the kernel joins key and value, byte for byte (fs/fs_context.c,
 * legacy_parse_param). So a path may be in the key, also in that of a flag.
 */
function joined(option: string, naming: Naming): string[] {
  return goesOn(option) ? [UNREADABLE] : inOrder(said(option, naming).map(marked));
}

/** `fsmount(fd, flags, attributes)` */
export const fsmount: Decoder = (context, thread) => {
  const { type, path } = context.mountContexts.of(thread, context.call.int(0));
  return decide(context, thread, { call: "fsmount", type, path, flags: context.call.u32(2) });
};

/** `move_mount(from_dirfd, from_path, to_dirfd, to_path, flags)` */
export const moveMount: Decoder = (context, thread) => {
  context.origins.mountsChange();
  const flags = context.call.u32(4);
  const source = at(context, thread, context.call.int(0), 1, {
    follow: (flags & MOVE_F_SYMLINKS) !== 0,
    mayBeEmpty: (flags & MOVE_F_EMPTY_PATH) !== 0,
    isTree: true,
  });
  const path = at(context, thread, context.call.int(2), 3, {
    follow: (flags & MOVE_T_SYMLINKS) !== 0,
    mayBeEmpty: (flags & MOVE_T_EMPTY_PATH) !== 0,
    isTarget: true,
  });
  return decide(context, thread, { call: "move_mount", source, path, flags });
};

/** `open_tree(dirfd, path, flags)`; `open_tree_attr` sets attributes of the copy as well. */
export function openTree(call: "open_tree" | "open_tree_attr"): Decoder {
  return (context, thread) => {
    const flags = context.call.u32(2) & ~OPEN_TREE_CLOEXEC;
    const path = at(context, thread, context.call.int(0), 1, {
      follow: (flags & AT_SYMLINK_NOFOLLOW) === 0,
      mayBeEmpty: (flags & AT_EMPTY_PATH) !== 0,
      isTree: true,
      isCopied: (flags & OPEN_TREE_CLONE) !== 0,
    });
    const options = call === "open_tree_attr" && !context.call.isNull(3) ? attributesAt(context, thread) : [];
    return decide(context, thread, { call, path, flags, options });
  };
}

/** `mount_setattr(dirfd, path, flags, attributes, size)` */
export const mountSetattr: Decoder = (context, thread) => {
  const flags = context.call.u32(2);
  const path = at(context, thread, context.call.int(0), 1, {
    follow: (flags & AT_SYMLINK_NOFOLLOW) === 0,
    mayBeEmpty: (flags & AT_EMPTY_PATH) !== 0,
  });
  return decide(context, thread, { call: "mount_setattr", path, flags, options: attributesAt(context, thread) });
};

function attributesAt(context: Context, thread: Thread): string[] {
  const size = context.call.u32(4);
  const length = Math.min(size, PAGE);
  if (context.memory2.exactly(thread.tid, context.call.pointer(3), length) < 0) return [UNREADABLE];
  const given = Buffer.from(context.memory2.bytes.subarray(0, length));
  return attributesIn(given, namingFor(context, thread, AT_FDCWD));
}

interface Asked {
  readonly follow: boolean;
  /** An empty or absent path means the descriptor itself. */
  readonly mayBeEmpty?: boolean;
  /** A mount there is a mount in the launch's view, if the path belongs to that view. */
  readonly isTarget?: boolean;
  /** It may be a tree that is not mounted: then it has the name of its origin. */
  readonly isTree?: boolean;
  readonly isCopied?: boolean;
  /** It may hold the file system. */
  readonly isDevice?: boolean;
}

/** A path argument as text: canonical if it exists, otherwise as it was given, with a mark. A null pointer is "none". */
function at(context: Context, thread: Thread, directory: number, argument: number, asked: Asked): string {
  const isNull = context.call.isNull(argument);
  // A page may be mapped at address 0: then this is an ordinary path.
  const length = isNull && asked.mayBeEmpty ? 0 : context.readPath(thread, argument);
  if (length < 0) return isNull ? NONE : UNREADABLE;
  if (length === 0 && !asked.mayBeEmpty) return "?empty";
  const given = Buffer.from(context.memory.bytes.subarray(0, length));
  return lookedUp(context, thread, directory, given, asked);
}

function lookedUp(context: Context, thread: Thread, directory: number, given: Buffer, asked: Asked): string {
  const { found, finder, mountContexts } = context;
  const path = Buffer.concat([given, Buffer.of(0)]);
  try {
    const result =
      given.length > 0
        ? finder.find(found, thread, directory, path, given.length, asked.follow)
        : directory === AT_FDCWD
          ? finder.findWorkingDirectory(found, thread)
          : finder.findDescriptor(found, thread, directory);
    if (result < 0) return `?unresolved:${escapeBytes(given)}`;
    const text = pathText(found);
    if (asked.isDevice && isServing(found.stat)) return `${SERVED}${text}`;
    // The device and the number of a file system's root pass to another one once it is gone.
    const mark = `${fileMark(found.stat)} ${found.stat.born}`;
    if (asked.isTarget && found.origin === undefined)
      context.origins.mounting(found.path.toString("latin1"), thread.process.identity.program);
    if (asked.isCopied) mountContexts.copying(mark, text);
    if (!asked.isTree || found.origin?.directory !== "unknown") return text;
    return mountContexts.copied(mark) ?? (given.length === 0 ? `?new:${mountContexts.typeOf(thread)}` : text);
  } finally {
    found.close();
  }
}

function namingFor(context: Context, thread: Thread, directory: number): Naming {
  return {
    path: (bytes) => lookedUp(context, thread, directory, bytes, { follow: true, isDevice: true }),
    descriptor: (fd) => lookedUp(context, thread, fd, Buffer.alloc(0), { follow: true }),
  };
}

/** A string as it is in memory; undefined if it cannot be read. */
function stringAt(context: Context, thread: Thread, argument: number): Buffer | undefined {
  const length = context.memory2.string(thread.tid, context.call.pointer(argument));
  return length < 0 ? undefined : Buffer.from(context.memory2.bytes.subarray(0, length));
}

/** A string that is a type, escaped; "none" for a null pointer. */
function textAt(context: Context, thread: Thread, argument: number): string {
  if (context.call.isNull(argument)) return NONE;
  const bytes = stringAt(context, thread, argument);
  return bytes === undefined ? UNREADABLE : given(bytes);
}

/** Text as it was given. */
function given(bytes: Buffer): string {
  return marked(escapeBytes(bytes));
}

/** Text that begins like a sensor's own is marked. */
function marked(text: string): string {
  return text.startsWith("?") || text.startsWith("given:") ? `given:${text}` : text;
}

/** The source of a mount: an object if the kernel resolves one, otherwise the text that the file system gets. */
function sourceAt(context: Context, thread: Thread, flags: number, type: string): string {
  if (context.call.isNull(0)) return NONE;
  const bytes = stringAt(context, thread, 0);
  if (bytes === undefined) return UNREADABLE;
  const isTree = (flags & MS_REMOUNT) === 0 && (flags & (MS_BIND | MS_MOVE)) !== 0;
  const isNew = (flags & (MS_REMOUNT | MS_PROPAGATION)) === 0;
  if (bytes.length === 0 || context.origins.takesDescriptors(thread, bytes)) return given(bytes);
  if (isTree) return lookedUp(context, thread, AT_FDCWD, bytes, { follow: true, isTree });
  return isNew ? deviceOr(context, thread, bytes, type) : given(bytes);
}

/** File systems marked `nodev` that are laid over the directory named by their source. */
function isOverDirectory(type: string): boolean {
  return /^(?:ecryptfs|shiftfs|incremental-fs)$/.test(type);
}

/** The object that holds a file system of this type; if there is none, the text of the source. */
function deviceOr(context: Context, thread: Thread, bytes: Buffer, type: string): string {
  if (bytes[0] !== 0x2f && !isOverDirectory(type) && !mayNeedDevice(type)) return given(bytes);
  const text = lookedUp(context, thread, AT_FDCWD, bytes, { follow: true, isDevice: true });
  return text.startsWith("?unresolved:") ? given(bytes) : text;
}

/** The data of `mount`: at most a page, options separated by commas. */
function dataAt(context: Context, thread: Thread, type: string): readonly string[] {
  if (context.call.isNull(4)) return [];
  const address = context.call.pointer(4);
  const got = context.memory2.read(thread.tid, address, PAGE);
  if (got <= 0) return [UNREADABLE];
  // The kernel copies what is mapped and terminates it with a NUL (fs/namespace.c, copy_mount_options). It may be able to read on
  // where the supervisor cannot (memfd_secret).
  const isAll = got === PAGE || !isMapped(thread.tid, address + BigInt(got));
  const bytes = Buffer.from(context.memory2.bytes.subarray(0, got));
  if (BINARY.test(type) && got >= HEAD && bytes.readUInt32LE(0) < 0x20) return [isAll ? binary(bytes) : UNREADABLE];
  const end = bytes.indexOf(0);
  if (end < 0 && !isAll) return [UNREADABLE];
  const text = bytes.subarray(0, end < 0 ? Math.min(got, PAGE - 1) : end);
  return optionsOf(text, type, namingFor(context, thread, AT_FDCWD));
}

function binaryAt(context: Context, thread: Thread, size: number): string {
  const length = Math.max(0, Math.min(size, 2 * PAGE));
  if (context.memory2.exactly(thread.tid, context.call.pointer(3), length) < 0) return UNREADABLE;
  return binary(context.memory2.bytes.subarray(0, length));
}

function binary(bytes: Buffer): string {
  return `binary:sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/**
 * Whether a file system may use a device that is named by a path: all that are not known to be marked `nodev`, and erofs, which
 * also accepts files. One that the kernel does not have yet may be loaded for the very call.
 */
function mayNeedDevice(type: string): boolean {
  withoutDevice ??= new Set(
    readFileSync("/proc/filesystems", "latin1")
      .split("\n")
      .filter((line) => line.startsWith("nodev\t"))
      .map((line) => line.slice("nodev\t".length)),
  );
  return type === "erofs" || !withoutDevice.has(type);
}

let withoutDevice: ReadonlySet<string> | undefined;
