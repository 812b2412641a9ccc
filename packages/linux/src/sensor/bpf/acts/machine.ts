/** Acts on the kernel itself and the machine, in the words of the seccomp sensor (`seccomp/calls/kernel.ts`). */
import { readFileSync } from "node:fs";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import { bpfCommands, keyOperations, rebootCommands } from "../../words/kernel.ts";
import { digestField, remarksOn } from "../../files/content.ts";
import type { Act } from "../../mediation.ts";
import type { SeenContent } from "../content.ts";
import { pathTextOf } from "../objects.ts";
import { operations, type Record } from "../record.ts";

const callNames: ReadonlyMap<number, string> = new Map(
  Object.entries(syscallNumbers).map(([name, number]) => [number, name]),
);

/** The name of the call whose number is in an argument. */
export const callOf = (record: Record, argument = 0): string => {
  const number = record.argument(argument);
  return callNames.get(number) ?? `call-${number}`;
};

/** Decoders by operation. */
export const machineActs: readonly (readonly [number, (record: Record) => Act])[] = [
  [operations.bpf, bpf],
  [operations.settime, (record) => ({ op: "settime", subject: { call: callOf(record) } })],
  [operations.iouring, () => ({ op: "iouring", subject: {} })],
  [operations.userfaultfd, () => ({ op: "userfaultfd", subject: {} })],
  [operations.kexec, (record) => ({ op: "kexec", subject: { call: callOf(record) } })],
  [operations.hostname, (record) => ({ op: "hostname", subject: { call: callOf(record) } })],
  [operations.ioport, (record) => ({ op: "ioport", subject: { call: callOf(record) } })],
  [operations.swap, (record) => ({ op: "swap", subject: { call: callOf(record), path: path(record) } })],
  [operations.reboot, reboot],
  [operations.keyctl, keyctl],
  [operations.admin, admin],
  [operations.abi, abi],
];

const path = (record: Record): string => pathTextOf(record.object(0));

function bpf(record: Record): Act {
  const number = record.argument(0);
  return { op: "bpf", subject: { command: bpfCommands[number] ?? `command-${number}` } };
}

function reboot(record: Record): Act {
  return { op: "reboot", subject: { command: rebootCommands[record.argument(0)] ?? "unknown" } };
}

/** For each call about keys, the name of its operation, if the call itself says it. */
const keyCalls: Readonly<globalThis.Record<number, string>> = {
  [syscallNumbers.add_key]: "add",
  [syscallNumbers.request_key]: "request",
};

function keyctl(record: Record): Act {
  const number = record.argument(1);
  const operation = keyCalls[record.argument(0)] ?? keyOperations[number] ?? `operation-${number}`;
  return { op: "keyctl", subject: { call: callOf(record), operation } };
}

/** The subject: a file that the kernel opened, a device by its number, or none. */
function admin(record: Record): Act {
  const device = record.argument(1);
  const where = record.objects > 0 ? path(record) : device !== 0 ? deviceAt(device) : "none";
  return { op: "admin", subject: { call: callOf(record), path: where } };
}

/** The node of a block device; the number is the kernel's own: 12 bits of major, 20 of minor. */
function deviceAt(device: number): string {
  try {
    const told = readFileSync(`/sys/dev/block/${device >>> 20}:${device & 0xfffff}/uevent`, "latin1");
    return `/dev/${/^DEVNAME=(.*)$/m.exec(told)?.[1] ?? "?"}`;
  } catch {
    return "?unresolved";
  }
}

const X32 = 1;
const X32_NUMBER = 0xffff;

/** A call number of x32 has this bit set. */
function abi(record: Record): Act {
  const isX32 = record.argument(0) === X32;
  const number = record.argument(1);
  return { op: "abi", subject: { arch: isX32 ? "x32" : "i386", number: isX32 ? number & X32_NUMBER : number } };
}

/** A module from a file has the file's path and content. One from memory, or one that is removed, has neither. */
export function moduleAct(record: Record, content: SeenContent): Act {
  const kind = record.argument(0);
  if (kind !== 1)
    return { op: "module", subject: { call: kind === 0 ? "init_module" : "delete_module", path: "none" } };
  const seen = record.object(0);
  const read = content.of(seen, record.pid);
  return {
    op: "module",
    subject: { call: "finit_module", path: pathTextOf(seen), ...digestField(read) },
    ...remarksOn(read),
  };
}
