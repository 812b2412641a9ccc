/** Who a process is and what world it lives in; what reaches into the kernel itself. */
import { escapeBytes } from "@isoline/core";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import { bpfCommands, perfTypes } from "../../seccomp/calls/kernel.ts";
import { kindsIn } from "../../seccomp/calls/privileges.ts";
import { prctlOptions } from "../../seccomp/mediated.ts";
import type { Act } from "../../seccomp/mediation.ts";
import type { SeenContent } from "../content.ts";
import { pathTextOf } from "../objects.ts";
import { operations, type Record } from "../record.ts";

type Decoder = (record: Record) => Act;

const callNames: ReadonlyMap<number, string> = new Map(
  Object.entries(syscallNumbers).map(([name, number]) => [number, name]),
);
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
/** A prctl argument whose value says nothing. */
const ANYTHING = 2n ** 64n - 1n;

const callOf = (record: Record) => callNames.get(record.argument(0)) ?? `call-${record.argument(0)}`;

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
  [operations.bpf, bpf],
  [operations.perf, (record) => ({ op: "perf", subject: { type: perfTypes[record.argument(0)] ?? "pmu" } })],
  [operations.settime, (record) => ({ op: "settime", subject: { call: callOf(record) } })],
  [operations.iouring, () => ({ op: "iouring", subject: {} })],
  [operations.userfaultfd, () => ({ op: "userfaultfd", subject: {} })],
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
  const path = pathTextOf(record.object(0));
  if (record.argument(3) !== 0)
    return { op: "mount", subject: { call: "move_mount", source: "none", path, type: "none", flags: 0n } };
  const texts = record.rest;
  const end = texts.indexOf(0);
  const text = (isThere: number, bytes: Buffer) => (isThere === 0 ? "none" : escapeBytes(bytes.subarray(0, 1024)));
  const source = text(record.argument(1), texts.subarray(0, end));
  const type = text(record.argument(2), texts.subarray(end + 1));
  return { op: "mount", subject: { call: "mount", source, path, type, flags: BigInt(record.argument(0)) } };
}

function umount(record: Record): Act {
  return { op: "umount", subject: { path: pathTextOf(record.object(0)), flags: record.argument(0) } };
}

/** The flags of clone3 are in memory, and not looked at: that a user namespace is made is certain. */
function namespace(record: Record): Act {
  const call = callOf(record);
  if (call === "setns") return { op: "namespace", subject: { call, kinds: kindsIn(record.argument(1)) || "any" } };
  // In `clone` the low byte is the exit signal.
  const flags = call === "unshare" ? record.argument(1) : record.argument(1) & ~0xff;
  const kinds = call === "clone3" ? "user" : kindsIn(flags);
  return { op: "namespace", subject: { call: call === "unshare" ? call : "clone", kinds } };
}

function bpf(record: Record): Act {
  const number = record.argument(0);
  return { op: "bpf", subject: { command: bpfCommands[number] ?? `command-${number}` } };
}

/** A module out of a file has its content; one out of memory has neither. */
export function moduleAct(record: Record, content: SeenContent): Act {
  if (record.argument(0) === 0) return { op: "module", subject: { call: "init_module", path: "none" } };
  const seen = record.object(0);
  const digest = content.of(seen, record.pid);
  return {
    op: "module",
    subject: { call: "finit_module", path: pathTextOf(seen), ...(digest ? { digest } : {}) },
  };
}
