/**
 * What a sensor knows about an event that is not part of its identity, and what it knows about the namespace. The lens needs
 * both to level volatile attributes; neither is ever hashed.
 */

import type { Image } from "./task.ts";

/**
 * The relation of another process to the actor: the actor itself, an ancestor of it in the namespace, another process of the
 * namespace, a process outside the namespace, or the supervisor.
 */
export type Relation = "self" | "ancestor" | "namespace" | "outside" | "supervisor";

/** Circumstances of one event. */
export interface Observation {
  /** Process (thread group) and thread that act, in the sensor's pid namespace. */
  readonly pid: number;
  readonly tid: number;
  /** Last path component of the actor's executable, already levelled. */
  readonly program: string;
  /** The names by which rules about tools know it (`toolNames`); left out if the policy has none. */
  readonly toolNames?: readonly string[];
  /** The files that the last exec of the process loaded, levelled. */
  readonly images?: readonly Image[];
  /**
   * The process has, or has had since its last exec, more than one thread, so that the order in which it creates names depends
   * on scheduling. If it is left out, only names created by a thread other than the first count as unordered.
   */
  readonly multithreaded?: boolean;
  /** The actor's root directory is that of the supervisor; for a container, the host's. */
  readonly atHostRoot?: boolean;
  /** The name was created with O_EXCL, so it was new to the file system, as temporary names are. */
  readonly exclusive?: boolean;
  /** The task makes the call itself once it was decided, so the kernel may still refuse it. */
  readonly mayFail?: boolean;
  /** A name that is made may have been there before, made by another process. It does not become the namespace's own. */
  readonly isUnproven?: boolean;
  /** The full mode requested at creation (a private 0600 or 0700 is the mark of mkstemp and mkdtemp). */
  readonly requestedMode?: number;
  /** The file in /proc that lists the sockets of the network of the address; left out if it cannot be determined. */
  readonly sockets?: string;
  /** The host that the address is called by: a name that led to it, or `$RESOLVER`; left out if it is called by its number. */
  readonly host?: string;
  /** Canonical, unlevelled path of an object that this event replaces (rename) or removes. */
  readonly replaced?: string;
}

/** A port of this machine: its address, the kind of socket, and whether the act reaches the process that listens there. */
export interface ReachedPort {
  readonly host: string;
  readonly port: number;
  readonly type: string;
  readonly isReached: boolean;
}

/** Questions that the lens may ask about the namespace while it levels an event. */
export interface Surroundings {
  /** The relation to the actor of the process that has this pid in the actor's pid namespace. */
  relationOf(pid: number, actorPid: number): Relation;
  /**
   * The same for the process whose directory in /proc the actor used; a process that has ended has one until its parent waits
   * for it. `anew`: in a mount of proc that may use the actor's own pid namespace.
   */
  ownerIn(pid: number, actorPid: number, anew: boolean): Relation;
  /**
   * Whether a port of this machine is the namespace's own: the kernel assigned it (a bind to port 0), so that its number says
   * nothing, and, if the act reaches a listener, only the namespace's own sockets listen there at this moment. Applies to the
   * network of this maker; "" is the network of the launch.
   */
  isOwnPort(end: ReachedPort, network: string, at: Observation): boolean;
  /** Whether no process outside the namespace listens at a port of this machine, whichever process it was assigned to. */
  isOwnPeer(end: ReachedPort, at: Observation): boolean;
  /** Whether an abstract name (`@name`) belongs at this moment to the namespace's own sockets alone, to none, or to others too. */
  ownerOfName(name: string, at: Observation): "own" | "nobody" | "others";
}
