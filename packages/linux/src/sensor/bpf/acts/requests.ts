/** Requests about a descriptor that affect more than it, and changes to how another process runs. */
import {
  fileSystemRequests,
  networkRequests,
  OWN_HEADERS,
  SOURCE_ROUTE,
  terminalRequests,
} from "../../words/requests.ts";
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

/** Options of sockets, by what stands for them in the place of a request's number (requests.bpf.c). */
const optionCalls: { readonly [number: number]: string } = { 1: "netfilter", 2: OWN_HEADERS, 3: SOURCE_ROUTE };

function request(record: Record): Act {
  const number = record.argument(0);
  const network = optionCalls[number] ?? networkRequests[number];
  if (network !== undefined) return { op: "admin", subject: { call: network, path: "none" } };
  const call = fileSystemRequests[number] ?? `0x${number.toString(16)}`;
  return { op: "admin", subject: { call, path: pathTextOf(record.object(0)) } };
}
