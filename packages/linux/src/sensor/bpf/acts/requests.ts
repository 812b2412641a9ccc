/** Requests about a descriptor that affect more than it, and changes to how another process runs. */
import { fileSystemRequests, networkRequests, terminalRequests } from "../../words/requests.ts";
import type { Act } from "../../mediation.ts";
import { describeObject, pathTextOf } from "../objects.ts";
import { operations, type Record } from "../record.ts";

/** Decoders by operation. */
export const requestActs: readonly (readonly [number, (record: Record) => Act])[] = [
  [operations.setflags, (record) => ({ op: "setflags", subject: describeObject(record.object(0)) })],
  [operations.ioctl, ioctl],
  [operations.request, request],
];

function ioctl(record: Record): Act {
  const number = record.argument(0);
  const request = terminalRequests[number] ?? `0x${number.toString(16)}`;
  return { op: "ioctl", subject: { request, ...describeObject(record.object(0)) } };
}

/** Stands for the tables of the packet filter, which have no request number. */
const NETFILTER = 1;

function request(record: Record): Act {
  const number = record.argument(0);
  if (number === NETFILTER) return { op: "admin", subject: { call: "netfilter", path: "none" } };
  const network = networkRequests[number];
  if (network !== undefined) return { op: "admin", subject: { call: network, path: "none" } };
  const call = fileSystemRequests[number] ?? `0x${number.toString(16)}`;
  return { op: "admin", subject: { call, path: pathTextOf(record.object(0)) } };
}
