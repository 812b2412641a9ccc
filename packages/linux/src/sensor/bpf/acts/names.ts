/** Names that are made, moved and removed; attributes of files; memory that becomes executable. */
import { escapeBytes } from "@isoline/core/event";
import type { Observation } from "@isoline/core/identity";
import { S_IFBLK, S_IFCHR, S_IFMT } from "../../../abi/stat.ts";
import type { Act } from "../../mediation.ts";
import { describeObject, pathTextOf } from "../objects.ts";
import { operations, type Record } from "../record.ts";

type Decoder = (record: Record) => Act;

const object = (record: Record) => describeObject(record.object(0));
const path = (record: Record) => pathTextOf(record.object(0));
const rest = (record: Record) => escapeBytes(record.rest);
/** Shared memory that was asked for as executable. */
const SHARED = 1;
const PROT_WRITE = 2;
/** As in `bpf/names.bpf.c`. */
const UNPROVEN = 2;

/** Decoders by operation. */
export const nameActs: readonly (readonly [number, Decoder])[] = [
  [operations.unlink, (record) => ({ op: "unlink", subject: object(record) })],
  [operations.rmdir, (record) => ({ op: "rmdir", subject: object(record) })],
  [operations.rename, rename],
  [operations.link, (record) => ({ op: "link", subject: { ...object(record), to: pathTextOf(record.object(1)) } })],
  [operations.symlink, (record) => ({ op: "symlink", subject: { path: path(record), content: rest(record) } })],
  [operations.mkdir, mkdir],
  [operations.mknod, mknod],
  [operations.truncate, (record) => ({ op: "truncate", subject: object(record) })],
  [operations.chmod, (record) => ({ op: "chmod", subject: { ...object(record), to: record.argument(0) } })],
  [operations.chown, chown],
  [operations.setxattr, (record) => ({ op: "setxattr", subject: { ...object(record), name: rest(record) } })],
  [operations.removexattr, (record) => ({ op: "removexattr", subject: { ...object(record), name: rest(record) } })],
  [operations.utimens, (record) => ({ op: "utimens", subject: object(record) })],
  [operations.mapAnonymous, (record) => ({ op: "map-anonymous", subject: { access: protection(record.argument(0)) } })],
  [operations.protect, (record) => ({ op: "protect", subject: { access: protection(record.argument(0)) } })],
];

function rename(record: Record): Act {
  const replaces = record.argument(0) !== 0 ? "exchange" : record.argument(1) !== 0 ? "yes" : "no";
  return {
    op: "rename",
    subject: { ...object(record), to: pathTextOf(record.object(1)), replaces },
    ...unlessDone(record),
  };
}

/** By the hooks a rename is seen before the file system may refuse it. */
function unlessDone(record: Record): { readonly observation?: { readonly mayFail: true } } {
  return record.argument(2) !== 0 ? { observation: { mayFail: true } } : {};
}

function mkdir(record: Record): Act {
  const mode = record.argument(0);
  return {
    op: "mkdir",
    subject: { path: path(record), mode: mode & 0o7700 },
    observation: { exclusive: true, requestedMode: mode & 0o7777 },
  };
}

function mknod(record: Record): Act {
  const [mode, device] = [record.argument(0), record.argument(1)];
  const kind = mode & S_IFMT;
  // As the kernel keeps it: 12 bits of major, 20 of minor.
  const number = kind === S_IFCHR || kind === S_IFBLK ? `${device >>> 20}:${device & 0xfffff}` : "none";
  return {
    op: "mknod",
    subject: { path: path(record), mode: kind | (mode & 0o7700), device: number },
    observation: { exclusive: true, ...newly(record, mode & 0o7777) },
  };
}

/** A name that is made with a mode. Where the kernel could not say that there was none, the file may be another's. */
export function newly(record: Record, requestedMode: number): Pick<Observation, "requestedMode" | "isUnproven"> {
  return { requestedMode, ...(record.argument(2) === UNPROVEN ? { isUnproven: true } : {}) };
}

function chown(record: Record): Act {
  return { op: "chown", subject: { ...object(record), owner: record.argument(0), group: record.argument(1) } };
}

/** The protection that is requested for memory. */
export function protection(bits: number): string {
  if (bits === SHARED) return "shared,execute";
  return (bits & PROT_WRITE) !== 0 ? "write,execute" : "execute";
}
