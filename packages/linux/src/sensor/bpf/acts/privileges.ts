/** The credentials of a process, and the roots, mounts and kernel namespaces that it sees. */
import { posix } from "node:path";
import { escapeBytes } from "@isoline/core/event";
import { kindsIn } from "../../words/namespaces.ts";
import { attributesIn, MOUNT_ATTR_BYTES } from "../../words/mount-attributes.ts";
import { BINARY, fsconfigCommand, inOrder, type Naming, optionsOf, said } from "../../words/mount-options.ts";
import { prctlOptions } from "../../words/requests.ts";
import type { Act } from "../../mediation.ts";
import { pathTextOf } from "../objects.ts";
import { operations, type Record, type SeenObject, standings } from "../record.ts";
import { callOf } from "./machine.ts";

type Decoder = (record: Record) => Act;

/** How many ids each call of the setuid family takes. */
const idCounts: Readonly<globalThis.Record<string, number>> = {
  setuid: 1,
  setgid: 1,
  setreuid: 2,
  setregid: 2,
  setresuid: 3,
  setresgid: 3,
  setfsuid: 1,
  setfsgid: 1,
};
const UNCHANGED = 0xffff_ffff;
/** Flags by which the descriptor is closed on exec: FSPICK_CLOEXEC, OPEN_TREE_CLOEXEC. */
const closing: Readonly<globalThis.Record<string, number>> = {
  fspick: 1,
  open_tree: 0x8_0000,
  open_tree_attr: 0x8_0000,
};
/** A path that begins in a directory. */
const RELATIVE = 1;
/** A prctl argument whose value has no meaning. */
const ANYTHING = 2n ** 64n - 1n;

/** Decoders by operation. */
export const privilegeActs: readonly (readonly [number, Decoder])[] = [
  [operations.setid, setid],
  [operations.capset, capset],
  [operations.prctl, prctl],
  [operations.chroot, (record) => ({ op: "chroot", subject: { path: pathTextOf(record.object(0)) } })],
  [operations.pivot, pivot],
  [operations.mount, mount],
  [operations.umount, umount],
  [operations.namespace, namespace],
];

function setid(record: Record): Act {
  const call = callOf(record);
  if (call === "setgroups") return setgroups(record);
  const ids = Array.from({ length: idCounts[call] ?? 0 }, (_, index) => {
    const id = record.argument(1 + index);
    return id === UNCHANGED ? "-1" : String(id);
  });
  return { op: "setid", subject: { call, ids } };
}

function setgroups(record: Record): Act {
  const bytes = record.rest;
  const ids = Array.from({ length: bytes.length / 4 }, (_, index) => String(bytes.readUInt32LE(4 * index)));
  return { op: "setid", subject: { call: "setgroups", ids } };
}

function capset(record: Record): Act {
  const [effective, permitted, inheritable] = [0, 1, 2].map((index) => record.wideArgument(index));
  return {
    op: "capset",
    subject: { effective: effective as bigint, permitted: permitted as bigint, inheritable: inheritable as bigint },
  };
}

function prctl(record: Record): Act {
  const number = record.argument(0);
  const value = record.wideArgument(1);
  const option = prctlOptions[number] ?? `option-${number}`;
  return { op: "prctl", subject: { option, value: value === ANYTHING ? "*" : String(value) } };
}

function pivot(record: Record): Act {
  return { op: "pivot", subject: { path: pathTextOf(record.object(0)), old: pathTextOf(record.object(1)) } };
}

/** Bits in the third argument of a mount: it has a type; it has options; the options could not be read. */
const HAS_TYPE = 1;
const HAS_OPTIONS = 2;
const OPTIONS_UNTOLD = 4;

/** linux/mount.h */
const MS_REMOUNT = 0x20;
const MS_BIND = 0x1000;
const MS_MOVE = 0x2000;

function mount(record: Record): Act {
  if (record.argument(3) !== 0) return mountCall(record);
  const path = pathTextOf(record.object(0));
  const [given = "", kind = "", data = Buffer.alloc(0)] = partsOf(record.rest);
  const words = record.argument(2);
  const text = (isThere: boolean, bytes: Buffer | string) =>
    isThere ? escapeBytes(Buffer.from(bytes).subarray(0, 1024)) : "none";
  const flags = record.argument(0);
  const naming = namingFrom(record.objects > 1 ? record.object(1) : undefined);
  const named = text(record.argument(1) !== 0, given);
  // A source with the name of a place that was not found does not exist either: it was to be mounted onto itself.
  const isTree = (flags & MS_REMOUNT) === 0 && (flags & (MS_BIND | MS_MOVE)) !== 0;
  const tree = () => (path === `?unresolved:${named}` ? path : naming.path(Buffer.from(given)));
  const source = isTree && record.argument(1) !== 0 ? tree() : named;
  const type = text((words & HAS_TYPE) !== 0, kind);
  const options = (words & HAS_OPTIONS) === 0 ? [] : optionsGiven(words, Buffer.from(data), type, naming);
  return { op: "mount", subject: { call: "mount", source, path, type, flags: BigInt(flags), options } };
}

function optionsGiven(words: number, data: Buffer, type: string, naming: Naming): readonly string[] {
  if ((words & OPTIONS_UNTOLD) !== 0) return ["?untold"];
  return BINARY.test(type) ? ["?binary"] : optionsOf(data, type, naming);
}

/** Three strings, separated by a NUL; the last may contain further ones. */
function partsOf(bytes: Buffer): readonly Buffer[] {
  const first = bytes.indexOf(0);
  const second = bytes.indexOf(0, first + 1);
  if (first < 0) return [bytes];
  if (second < 0) return [bytes.subarray(0, first), bytes.subarray(first + 1)];
  return [bytes.subarray(0, first), bytes.subarray(first + 1, second), bytes.subarray(second + 1)];
}

const SLASH = 0x2f;

/**
 * The objects that a mount names are not looked up, since the task does not wait for that. A relative path is joined to the
 * directory that it begins in, if that is known.
 */
function namingFrom(directory: SeenObject | undefined): Naming {
  return {
    path: (bytes) => (bytes[0] === SLASH ? escapeBytes(bytes) : below(directory, bytes)),
    descriptor: (fd) => `?descriptor-${fd}`,
  };
}

const GIVEN = namingFrom(undefined);

function below(directory: SeenObject | undefined, given: Buffer): string {
  const start = directory?.path.toString("latin1") ?? "";
  const path = posix.join(start, given.toString("latin1")).replace(/(?<=.)\/$/, "");
  const isKnown = directory?.standing === standings.here && given.length > 0;
  if (!isKnown || (directory.origin !== undefined && !path.startsWith(start)))
    return `?unresolved:${escapeBytes(given)}`;
  const { origin } = directory;
  const placed = origin && { origin: { ...origin, rest: origin.rest + path.length - start.length } };
  return pathTextOf({ ...directory, ...placed, path: Buffer.from(path, "latin1") });
}

/**
 * A call of the newer interface: the object that the kernel found, or the string of the task, which another thread may change.
 */
function mountCall(record: Record): Act {
  const call = callOf(record, 3);
  if (call === "fsconfig") return fsconfig(record);
  const flags = BigInt((record.argument(0) & ~(closing[call] ?? 0)) >>> 0);
  const subject = { call, source: "none", path: "none", type: "none", flags, options: [] };
  switch (call) {
    case "fsopen":
    case "fsmount":
      return { op: "mount", subject: { ...subject, type: typeText(record.rest) } };
    case "move_mount":
      return { op: "mount", subject: { ...subject, source: movedIn(record), path: pathTextOf(record.object(0)) } };
    default:
      return { op: "mount", subject: { ...subject, ...placeAndAttributes(record) } };
  }
}

function typeText(bytes: Buffer): string {
  return bytes.length === 0 ? "none" : escapeBytes(bytes);
}

/** In the second argument of move_mount: a file system that is not mounted yet, or a part of one. */
const moved: Readonly<globalThis.Record<number, string>> = { 1: "?new:", 2: "?copy:" };

/** The place of what is moved; its type, if it has no place yet. By tracepoints it is not told. */
function movedIn(record: Record): string {
  const kind = moved[record.argument(1)];
  if (kind !== undefined) return `${kind}${typeText(record.rest)}`;
  return record.objects > 1 ? pathTextOf(record.object(1)) : "none";
}

/** A setting, or a command; each with the type of the file system. A command comes with the flags that were set before it. */
function fsconfig(record: Record): Act {
  const command = fsconfigCommand(record.argument(0));
  const isSetting = (record.argument(1) & 1) !== 0;
  const [type = record.rest, key, value] = isSetting ? partsOf(record.rest) : [];
  const said = key === undefined ? flagsOf(record) : settingOf(record, command, key, value);
  const options = [command, ...said];
  const subject = { call: "fsconfig", source: "none", path: "none", flags: 0n, options };
  return { op: "mount", subject: { ...subject, type: typeText(type) } };
}

/** fs/fs_context.c, `common_set_sb_flag` and `common_clear_sb_flag` */
const setFlags = new Map([
  [1, "ro"],
  [1 << 4, "sync"],
  [1 << 6, "mand"],
  [1 << 7, "dirsync"],
  [1 << 25, "lazytime"],
]);
const clearedFlags = new Map([
  [1, "rw"],
  [1 << 4, "async"],
  [1 << 6, "nomand"],
  [1 << 25, "nolazytime"],
]);

function flagsOf(record: Record): readonly string[] {
  const [set, cleared] = [record.argument(2), record.argument(1) >>> 1];
  const named = (flags: number, names: ReadonlyMap<number, string>) =>
    [...names].filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name);
  return inOrder([...named(set, setFlags), ...named(cleared, clearedFlags)]);
}

function settingOf(record: Record, command: string, key: Buffer, value: Buffer = Buffer.alloc(0)): readonly string[] {
  const name = escapeBytes(key);
  switch (command) {
    case "set-string":
      return name === "source"
        ? [`source=${escapeBytes(value)}`]
        : inOrder(said(`${key.toString("latin1")}=${value.toString("latin1")}`, GIVEN));
    case "set-path":
    case "set-path-empty":
      return [`${name}=${GIVEN.path(value)}`];
    case "set-fd":
      return [`${name}=${record.objects > 0 ? pathTextOf(record.object(0)) : "?"}`];
    case "set-binary":
      return [`${name}=?binary`];
    default:
      // A flag. Where options are joined to one text, what is behind "=" in its key is a value to the file system.
      return inOrder(said(key.toString("latin1"), GIVEN));
  }
}

/** The path of the call and, if it sets any, its attributes: the record has the path, a NUL, and then `struct mount_attr`. */
function placeAndAttributes(record: Record): { path: string; options: string[] } {
  const size = record.argument(1);
  if (size === 0) return { path: placeOf(record, record.rest), options: [] };
  const end = record.rest.length - MOUNT_ATTR_BYTES;
  const options = attributesIn(record.rest.subarray(end), GIVEN);
  if (size > MOUNT_ATTR_BYTES) options.push("more=?untold");
  return { path: placeOf(record, record.rest.subarray(0, end - 1)), options };
}

/** By the object, or by the strings of the call. The strings are joined and not looked up, since no task waits for that. */
function placeOf(record: Record, path: Buffer): string {
  const given = path.toString("latin1");
  const start = record.objects > 0 ? record.object(0) : undefined;
  if (given === "") return start ? pathTextOf(start) : "none";
  if (record.argument(2) === RELATIVE && start?.standing !== standings.here) return `?unresolved:${escapeBytes(path)}`;
  return escapeBytes(Buffer.from(posix.join(start?.path.toString("latin1") ?? "/", given), "latin1"));
}

function umount(record: Record): Act {
  return { op: "umount", subject: { path: pathTextOf(record.object(0)), flags: record.argument(0) } };
}

/** `setns` may take the kind from the descriptor. */
function namespace(record: Record): Act {
  const call = callOf(record);
  if (call === "setns" || call === "unshare")
    return { op: "namespace", subject: { call, kinds: kindsIn(record.argument(1)) || "any" } };
  // In `clone` the low byte is the exit signal. If the flags of clone3 are unknown, a user namespace is known to be made.
  const kinds = call === "clone3" ? kindsIn(record.argument(1)) || "user" : kindsIn(record.argument(1) & ~0xff);
  return { op: "namespace", subject: { call: "clone", kinds } };
}
