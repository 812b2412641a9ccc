/** The process at the other end of a connection: what the kernel says of it, and what it must be to be served. */
import type { Socket } from "node:net";
import {
  closeDescriptor,
  type HeldPeer,
  heldPeerOf,
  type HeldProcess,
  holdProcess,
  isEnding,
  isFilterListener,
  isInBpfNamespace,
  isThere,
  isUnderMoreFilters,
  namespaceOf,
  readThreadStatus,
  takeDescriptorOf,
} from "@isoline/linux";
import { readFileSync, readlinkSync } from "node:fs";
import { descriptorOf } from "../control/http.ts";
import { CliError } from "../error.ts";

const KINDS = ["mnt", "user", "pid", "net"] as const;

export class ClientProcess {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Whether the kernel gave a descriptor of the very process that connected: SO_PEERPIDFD, since Linux 6.5. */
  readonly isProven: boolean;
  #pidfd: number;

  private constructor({ pid, uid, gid, pidfd, isProven }: HeldPeer) {
    this.pid = pid;
    this.uid = uid;
    this.gid = gid;
    this.isProven = isProven;
    this.#pidfd = pidfd;
  }

  /** Throws `agent-refused` for a process that cannot be told. */
  static of(socket: Socket): ClientProcess {
    const peer = heldPeerOf(descriptorOf(socket));
    if (peer === undefined) throw refused("expected a process that the kernel can tell, got one that has ended");
    return new ClientProcess(peer);
  }

  /** Whether it may be in a namespace of a sensor. */
  get isInside(): boolean {
    return isUnderMoreFilters(this.pid) || isInBpfNamespace(this.#pidfd);
  }

  /**
   * Refuses a process that is in a namespace of a sensor: what the agent does for a client it does with root's rights, and no process may
   * have it act where its own contour ends.
   */
  assertOutside(): void {
    if (this.isInside)
      throw refused("expected a process outside of all behaviour namespaces, got one that is in one; ask from outside");
  }

  /** Refuses a process that sees other files, users, processes or networks than this one: paths and numbers would mean others there. */
  assertBeside(): void {
    const other = KINDS.find((kind) => namespaceOf(this.pid, kind) !== namespaceOf("self", kind));
    if (other !== undefined) {
      // One that is ending is in no namespace any more.
      this.assertStill();
      throw elsewhere(`expected a process in the agent's ${other} namespace, got another; leave --agent out there`);
    }
    if (rootOf(this.pid) !== rootOf("self"))
      throw elsewhere("expected a process with the agent's root directory, got another; leave --agent out there");
  }

  /** Refuses a connection whose maker has ended or become another user: another process holds it now. What was read before holds. */
  assertStill(): void {
    const own = readThreadStatus(this.pid)?.credentials;
    if (own === undefined || isEnding(this.pid) || !isThere(this.#pidfd))
      throw refused("expected the process that connected, and it has ended");
    if ([own.uid, own.euid, own.suid, own.fsuid].some((each) => each !== this.uid))
      throw refused(`expected a process of user ${this.uid} alone, as it connected, got one of another user as well`);
  }

  /** Refuses what it did not start itself. */
  assertParentOf(pid: number): void {
    const parent = readThreadStatus(pid)?.ppid;
    // One that has ended by now is only shown by its number.
    if (parent === undefined || parent === this.pid) return;
    throw refused(`expected a child of process ${this.pid}, got process ${pid}, which it did not start`);
  }

  /** Another descriptor of it, which the caller closes: this one is closed as soon as the connection is. */
  hold(): HeldProcess {
    const pidfd = holdProcess(this.pid);
    try {
      // Looked at after the number was: it is still that of the process that connected.
      this.assertStill();
    } catch (fault) {
      if (pidfd >= 0) closeDescriptor(pidfd);
      throw fault;
    }
    return { pid: this.pid, pidfd };
  }

  /** The path of its program; undefined if that cannot be told. */
  get program(): string | undefined {
    return linkOf(this.pid, "exe");
  }

  /** `/proc/PID/cgroup`, one line for each hierarchy; empty if that cannot be read. */
  get controlGroups(): string {
    try {
      return readFileSync(`/proc/${this.pid}/cgroup`, "utf8");
    } catch {
      return "";
    }
  }

  /** A listener among its descriptors, as one of this process. Throws `agent-refused` for anything else. */
  takeListener(descriptor: number): number {
    const taken = takeDescriptorOf(this.#pidfd, descriptor);
    if (taken < 0) throw refused(`descriptor ${descriptor} of process ${this.pid} cannot be taken (errno ${-taken})`);
    if (isFilterListener(taken)) return taken;
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
  return linkOf(pid, "root");
}

function linkOf(pid: number | "self", name: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
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
