/**
 * What a sensor knows about an event that is not part of its identity, and what a namespace knows about itself.
 * The lens needs both to level volatile attributes; neither is ever hashed.
 */

import type { Image } from "./task.ts";

/** How another process relates to the actor: it is the actor, one of the namespace that the actor descends from, any other of it, none of it, or what decides about it. */
export type Relation = "self" | "ancestor" | "namespace" | "outside" | "supervisor";

/** Circumstances of one event. */
export interface Observation {
  /** Process (thread group) and thread that act, in the sensor's pid namespace. */
  readonly pid: number;
  readonly tid: number;
  /** Last path component of the executable that acts, already levelled. */
  readonly program: string;
  /** What the last exec of the process loaded, levelled: the files that it runs. */
  readonly images?: readonly Image[];
  /**
   * The process has, or has had since it last executed a program, more than one thread: the order in which it makes things
   * is then the scheduler's. Left out, only what a thread other than the first makes is taken to be unordered.
   */
  readonly multithreaded?: boolean;
  /** The actor's root directory is that of the supervisor: the host's, where a container is concerned. */
  readonly atHostRoot?: boolean;
  /** The name was asked for with O_EXCL, so that it was new to the file system: how temporary names are made. */
  readonly exclusive?: boolean;
  /** Full mode that was asked for when something is created (a private 0600 or 0700 is the mark of mkstemp and mkdtemp). */
  readonly requestedMode?: number;
  /** Where /proc lists the sockets of the network that the address is of; left out where nobody can say. */
  readonly sockets?: string;
  /** Canonical, unlevelled path of an object that this event moves over (rename) or removes. */
  readonly replaced?: string;
}

/** A port of this machine at an address, of what kind of socket, and whether the act reaches whoever is there. */
export interface ReachedPort {
  readonly host: string;
  readonly port: number;
  readonly type: string;
  readonly isReached: boolean;
}

/** What the lens may ask about the namespace while it levels an event. */
export interface Surroundings {
  /** Relation of the process that has this pid, as the actor counts, to the actor. */
  relationOf(pid: number, actorPid: number): Relation;
  /**
   * The same of the process whose directory in /proc the actor used: one that has ended is there until its
   * parent takes note. `anew`: in a mount of proc that may count as the actor's own pid namespace does.
   */
  ownerIn(pid: number, actorPid: number, anew: boolean): Relation;
  /**
   * Whether a port of this machine is the namespace's: given to it by the kernel (a bind to port 0), so that its number says
   * nothing, and, where somebody is reached there, answered by nobody but the namespace's own sockets at this moment. In the
   * network of this maker, "" for that of the launch.
   */
  isOwnPort(end: ReachedPort, network: string, at: Observation): boolean;
  /** Whether no stranger answers at a port of this machine, whoever was given it. */
  isOwnPeer(end: ReachedPort, at: Observation): boolean;
  /** Whether an abstract name (`@name`) is that of the namespace's own sockets, and of no others. */
  isOwnName(name: string, at: Observation): boolean;
}
