/** Requests about descriptors that reach beyond them, and what one process changes of how another runs. */
import { terminalRequests } from "../../words/requests.ts";
import type { Act } from "../../mediation.ts";
import { describeObject } from "../objects.ts";
import { operations, type Record } from "../record.ts";

/** Decoders by operation. */
export const requestActs: readonly (readonly [number, (record: Record) => Act])[] = [
  [operations.setflags, (record) => ({ op: "setflags", subject: describeObject(record.object(0)) })],
  [operations.ioctl, ioctl],
];

function ioctl(record: Record): Act {
  const number = record.argument(0);
  const request = terminalRequests[number] ?? `0x${number.toString(16)}`;
  return { op: "ioctl", subject: { request, ...describeObject(record.object(0)) } };
}
