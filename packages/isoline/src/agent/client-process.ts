/** The process at the other end of a connection: what the kernel says of it, and what it must be to be served. */
import type { Socket } from "node:net";
import {
  closeDescriptor,
  heldPeerOf,
  isInBpfNamespace,
  isUnderMoreFilters,
  namespaceOf,
  takeDescriptorOf,
} from "@isoline/linux";
import { readlinkSync } from "node:fs";
import { descriptorOf } from "../control/http.ts";
import { CliError } from "../error.ts";

const KINDS = ["mnt", "user", "pid", "net"] as const;

export class ClientProcess {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  #pidfd: number;

  private constructor({ pid, uid, gid, pidfd }: { pid: number; uid: number; gid: number; pidfd: number }) {
    this.pid = pid;
    this.uid = uid;
    this.gid = gid;
    this.#pidfd = pidfd;
  }

  /** Throws `agent-refused` for a process that cannot be told, or that is in a namespace of a sensor itself. */
  static of(socket: Socket): ClientProcess {
    const peer = heldPeerOf(descriptorOf(socket));
    if (peer === undefined) throw refused("expected a process that the kernel can tell, got one that has ended");
    const client = new ClientProcess(peer);
    try {
      // What the agent does for a client it does with root's rights: no process may have it act where its own contour ends.
      if (isUnderMoreFilters(peer.pid) || isInBpfNamespace(peer.pidfd))
        throw refused("expected a process outside of all behaviour namespaces, got one that is in one");
      return client;
    } catch (fault) {
      client.close();
      throw fault;
    }
  }

  /** Refuses a process that sees other files, users, processes or networks than this one: paths and numbers would mean others there. */
  assertBeside(): void {
    const other = KINDS.find((kind) => namespaceOf(this.pid, kind) !== namespaceOf("self", kind));
    if (other !== undefined)
      throw elsewhere(`expected a process in the agent's ${other} namespace, got another; leave --agent out there`);
    if (rootOf(this.pid) !== rootOf("self"))
      throw elsewhere("expected a process with the agent's root directory, got another; leave --agent out there");
  }

  /** A listener among its descriptors, as one of this process. Throws `agent-refused` for anything else. */
  takeListener(descriptor: number): number {
    const taken = takeDescriptorOf(this.#pidfd, descriptor);
    if (taken < 0) throw refused(`descriptor ${descriptor} of process ${this.pid} cannot be taken (errno ${-taken})`);
    if (readlinkSync(`/proc/self/fd/${taken}`) === "anon_inode:seccomp notify") return taken;
    closeDescriptor(taken);
    throw refused(`expected the listener of a filter as descriptor ${descriptor}, got another file`);
  }

  /** Once: later its number may be another file's. */
  close(): void {
    if (this.#pidfd >= 0) closeDescriptor(this.#pidfd);
    this.#pidfd = -1;
  }
}

function rootOf(pid: number | "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/root`);
  } catch {
    return undefined;
  }
}

function elsewhere(message: string): CliError {
  return new CliError("agent-elsewhere", message);
}

function refused(message: string): CliError {
  return new CliError("agent-refused", message);
}
