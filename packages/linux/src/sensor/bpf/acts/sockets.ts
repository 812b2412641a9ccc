/** Sockets as people name them, from what the BPF programs saw: an address as bytes, or the file a Unix socket is bound to. */
import { existsSync } from "node:fs";
import type { Operation } from "@isoline/core/event";
import { namespaceOf } from "../../../process/namespace-of.ts";
import type { Act } from "../../mediation.ts";
import { OWN_NETWORK } from "../../socket-table.ts";
import {
  AF_INET,
  AF_UNIX,
  AF_UNSPEC,
  addressOf,
  familyName,
  inNetwork,
  typeName,
  unspecifiedAsInet,
} from "../../words/sockets.ts";
import { pathTextOf } from "../objects.ts";
import { operations, type Record } from "../record.ts";

type Endpoint = Extract<Operation, "bind" | "listen" | "connect" | "accept" | "send">;

/** Decoders by operation. */
export const socketActs: readonly (readonly [number, (record: Record) => Act])[] = [
  [operations.socket, socket],
  [operations.bind, (record) => endpoint(record, "bind")],
  [operations.listen, (record) => endpoint(record, "listen")],
  [operations.connect, (record) => endpoint(record, "connect")],
  [operations.accept, (record) => endpoint(record, "accept")],
  [operations.send, (record) => endpoint(record, "send")],
];

function socket(record: Record): Act {
  const [family, type, protocol] = [record.argument(0), record.argument(1), record.argument(2)];
  return {
    op: "socket",
    subject: { family: inNetwork(familyName(family), record.network), type: typeName(type), protocol },
  };
}

function endpoint(record: Record, op: Endpoint): Act {
  const type = typeName(record.argument(0));
  if (record.argument(1) !== 0) {
    const subject = { family: familyName(AF_UNIX), type, address: pathTextOf(record.object(0)) };
    return op === "bind" ? { op, subject, observation: { exclusive: true, requestedMode: 0o777 } } : { op, subject };
  }
  const bytes = record.rest;
  const family = record.argument(2);
  const plain = addressOf(family, bytes);
  // On an IPv4 socket, an address of AF_UNSPEC means the same as one of AF_INET.
  const isMeant = plain?.family === AF_UNSPEC && family === AF_INET && op === "send";
  const address = isMeant ? unspecifiedAsInet(plain) : plain;
  if (!address) return { op, subject: { family: "?", type, address: "?too-short" } };
  const text = op === "bind" && address.family === AF_UNIX && address.text === "unnamed" ? "@autobind" : address.text;
  const subject = { family: familyName(address.family), type, address: inNetwork(text, record.network) };
  return { op, subject, observation: { sockets: networkOf(record.pid) } };
}

/** Where the sockets of a process's network are listed; of one that is gone, as records of tracepoints may find it, those of ours. */
function networkOf(pid: number): string {
  const own = `/proc/${pid}/net`;
  const isOurs = namespaceOf(pid, "net") === namespaceOf("self", "net");
  return isOurs || !existsSync(`${own}/tcp`) ? OWN_NETWORK : own;
}
