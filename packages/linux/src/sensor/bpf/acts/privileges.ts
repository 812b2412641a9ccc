/** Who a process is and what world it lives in. */
import { posix } from "node:path";
import { escapeBytes } from "@isoline/core";
import { kindsIn } from "../../words/namespaces.ts";
import { prctlOptions } from "../../words/requests.ts";
import type { Act } from "../../mediation.ts";
import { pathTextOf } from "../objects.ts";
import { operations, type Record, standings } from "../record.ts";
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
const MOST_GROUPS = 32;
/** A path that begins in a directory. */
const RELATIVE = 1;
/** A prctl argument whose value says nothing. */
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
  const count = record.argument(1);
  const bytes = record.rest;
  const ids = Array.from({ length: bytes.length / 4 }, (_, index) => String(bytes.readUInt32LE(4 * index)));
  if (count > MOST_GROUPS) ids.push(`+${count - MOST_GROUPS}`);
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

function mount(record: Record): Act {
  if (record.argument(3) !== 0) return mountCall(record);
  const path = pathTextOf(record.object(0));
  const texts = record.rest;
  const end = texts.indexOf(0);
  const text = (isThere: number, bytes: Buffer) => (isThere === 0 ? "none" : escapeBytes(bytes.subarray(0, 1024)));
  const source = text(record.argument(1), texts.subarray(0, end));
  const type = text(record.argument(2), texts.subarray(end + 1));
  return {
    op: "mount",
    subject: { call: "mount", source, path, type, flags: BigInt(record.argument(0)), options: [] },
  };
}

/** A call of the newer interface: what the kernel had found, or what was given to it, which another thread may change. */
function mountCall(record: Record): Act {
  const call = callOf(record, 3);
  const isType = call === "fsopen";
  const path = isType ? "none" : placeOf(record);
  const type = isType ? escapeBytes(record.rest) : "none";
  return { op: "mount", subject: { call, source: "none", path, type, flags: 0n, options: [] } };
}

/** By the object, or by the words of the call: those are put together and not looked up, since nobody waits for that. */
function placeOf(record: Record): string {
  const given = record.rest.toString("latin1");
  const start = record.objects > 0 ? record.object(0) : undefined;
  if (given === "") return start ? pathTextOf(start) : "none";
  if (record.argument(2) === RELATIVE && start?.standing !== standings.here)
    return `?unresolved:${escapeBytes(record.rest)}`;
  return escapeBytes(Buffer.from(posix.join(start?.path.toString("latin1") ?? "/", given), "latin1"));
}

function umount(record: Record): Act {
  return { op: "umount", subject: { path: pathTextOf(record.object(0)), flags: record.argument(0) } };
}

/** `setns` may leave the kind to the descriptor. */
function namespace(record: Record): Act {
  const call = callOf(record);
  if (call === "setns" || call === "unshare")
    return { op: "namespace", subject: { call, kinds: kindsIn(record.argument(1)) || "any" } };
  // In `clone` the low byte is the exit signal; where the flags of clone3 are not known, that a user namespace is made is.
  const kinds = call === "clone3" ? kindsIn(record.argument(1)) || "user" : kindsIn(record.argument(1) & ~0xff);
  return { op: "namespace", subject: { call: "clone", kinds } };
}
