/** Which processes are in a namespace of the BPF programs, by the kernel's own table of tasks; and how one gets there. */
import { existsSync, readdirSync } from "node:fs";
import { EINVAL, EMFILE, ENFILE, ENOENT, ESRCH } from "../../abi/errno.ts";
import { close, pidfdOpen, pidfdSendSignal } from "../../abi/libc.ts";
import { sendSignal } from "../../process/child.ts";
import { startTime } from "../../process/proc-status.ts";
import type { Joining } from "../sensor.ts";
import type { Load } from "./load.ts";
import { numbersOf } from "./numbers.ts";
import type { ProcessNumber } from "./record.ts";
import { barredKey, member, namespaceState, u32 } from "./structures.ts";

/** A process of the namespace, as the kernel knows it. */
export interface Member {
  readonly pid: number;
  readonly process: number;
  readonly parent: number;
  readonly identity: number;
  /** Its ids in its pid namespaces below the first one. */
  readonly numbers: readonly ProcessNumber[];
}

/** A process, by its id and by the number that is never another one's in its namespace. */
export interface Numbered {
  readonly pid: number;
  readonly handle: number;
}

/**
 * What the kernel says of an id that is not a process's: it is a thread's, or the one of a process that has been waited for and whose group
 * or session goes on. Such a thread is in /proc, and such a process is not.
 */
const isOfNoProcess = (errno: number): boolean => errno === -EINVAL || errno === -ENOENT;

/** The number of the process that a namespace begins with. */
export const FIRST = 1;

export class Members {
  readonly #maps: Load["maps"];
  readonly #id: number;
  readonly #supervisor: number;

  constructor({ maps }: Load, id: number, supervisor: number) {
    this.#maps = maps;
    this.#id = id;
    this.#supervisor = supervisor;
  }

  /** The processes of the namespace that have not been waited for: parents before their children. */
  all(): readonly Member[] {
    const { members, assigned } = this.#maps;
    const value = Buffer.alloc(members.valueBytes);
    const real = Buffer.alloc(4);
    const found: Member[] = [];
    for (const name of readdirSync("/proc")) {
      const pidfd = /^\d+$/.test(name) ? pidfdOpen(Number(name), 0) : -1;
      if (pidfd < 0) continue;
      if (members.lookup(u32(pidfd), value) && value.readUInt32LE(member.namespace_id) === this.#id) {
        const number = value.readUInt32LE(member.identity);
        found.push({
          pid: Number(name),
          process: Number(value.readBigUInt64LE(member.process)),
          parent: Number(value.readBigUInt64LE(member.parent)),
          identity: assigned.lookup(Buffer.concat([u32(number), u32(this.#id)]), real) ? real.readUInt32LE(0) : number,
          numbers: numbersOf(Number(name), pidfd),
        });
      }
      close(pidfd);
    }
    return found.sort((one, other) => one.process - other.process);
  }

  /** Whether a process is in any namespace of the BPF programs; one that cannot be found is taken for a member. */
  isInAny(pid: number): boolean {
    const pidfd = pidfdOpen(pid, 0);
    if (pidfd < 0) return true;
    const id = this.#idOf(pidfd);
    close(pidfd);
    return id !== undefined && id !== 0;
  }

  /** Whether a process is in this namespace; false for one that cannot be found. */
  has(pid: number): boolean {
    const pidfd = pidfdOpen(pid, 0);
    if (pidfd < 0) return false;
    const id = this.#idOf(pidfd);
    close(pidfd);
    return id === this.#id;
  }

  /** From now on a process, and what it forks, may do nothing; false if the table, which is one for all namespaces, is full. */
  bar(process: number): boolean {
    return this.#maps.barred.update(barredKey(this.#id, process), u32(1));
  }

  /** The process has ended. */
  unbar(process: number): void {
    this.#maps.barred.delete(barredKey(this.#id, process));
  }

  /** Whether a process has not ended. Its id may be another one's by now. One that cannot be looked at is taken to live. */
  lives({ pid, handle }: Numbered): boolean {
    const pidfd = pidfdOpen(pid, 0);
    if (pidfd < 0) return pidfd !== -ESRCH && !isOfNoProcess(pidfd);
    const lives = this.#isOf(pidfd, handle, "living");
    close(pidfd);
    return lives;
  }

  /** A descriptor of a process; negative if its id is another one's by now: it may be killed while it is held, and waited for at once. */
  open({ pid, handle }: Numbered): number {
    const pidfd = pidfdOpen(pid, 0);
    if (pidfd < 0 || this.#isOf(pidfd, handle, "known")) return pidfd;
    close(pidfd);
    return -ESRCH;
  }

  /** Whether the id of a process is another one's by now, or that of a thread of another one. */
  isTaken({ pid, handle }: Numbered): boolean {
    const pidfd = pidfdOpen(pid, 0);
    if (pidfd < 0) return isOfNoProcess(pidfd) && existsSync(`/proc/${pid}`);
    const isTaken = !this.#isOf(pidfd, handle, "known");
    close(pidfd);
    return isTaken;
  }

  /** Signals a process, unless its id is another one's by now. */
  signal(process: Numbered, signal: number): void {
    const pidfd = this.open(process);
    // Where there is no room for a descriptor, an id that is another one's is the lesser risk.
    if (pidfd === -EMFILE || pidfd === -ENFILE) sendSignal(process.pid, signal);
    if (pidfd < 0) return;
    pidfdSendSignal(pidfd, signal);
    close(pidfd);
  }

  /**
   * The next process that another process forks, given by its descriptor, enters the namespace. False if that process is in a
   * namespace itself, or has ended.
   */
  invite(pidfd: number): boolean {
    if (this.#idOf(pidfd) !== undefined) return false;
    return this.#maps.invitations.update(u32(pidfd), Buffer.concat([u32(this.#id), u32(this.#supervisor)]));
  }

  /** The same for a process that asks to join by its number; false if it has another one by now, or comes with a listener. */
  join({ pid, started, listener }: Joining): boolean {
    const pidfd = listener === undefined ? pidfdOpen(pid, 0) : -1;
    if (pidfd < 0) return false;
    try {
      return startTime(pid) === started && this.invite(pidfd);
    } finally {
      close(pidfd);
    }
  }

  /**
   * The first thread of a process is from now on the first member of this namespace, in which nothing has begun. False if it is in a
   * namespace, or does not exist any more. Its root directory is filled in by the BPF programs (`begin` in `bpf/send-record.h`).
   */
  begin(pidfd: number): boolean {
    const { members, namespace_states: states } = this.#maps;
    const state = Buffer.alloc(namespaceState.bytes);
    if (!states.lookup(u32(this.#id), state)) return false;
    const value = Buffer.alloc(members.valueBytes);
    const byKey = state.readUInt32LE(namespaceState.bars) === 0 && state.readUInt32LE(namespaceState.content) === 0;
    value.writeUInt32LE(this.#id, member.namespace_id);
    value.writeBigUInt64LE(BigInt(FIRST), member.process);
    value.writeUInt32LE(byKey ? 1 : 0, member.by_key);
    state.copy(value, member.mounts, namespaceState.mounts, namespaceState.mounts + 4);
    state.copy(value, member.network, namespaceState.network, namespaceState.network + 4);
    // Counted first: as soon as it is a member, the programs count what it forks, and its end.
    this.#count(state, { processes: 1, live: 1, born: 1 });
    if (members.add(u32(pidfd), value)) return true;
    this.#count(state, { processes: 0, live: 0, born: 0 });
    return false;
  }

  /** Says that none lives any more: of a process whose end came before its membership, the programs counted no end. */
  endUncounted(): void {
    const state = Buffer.alloc(namespaceState.bytes);
    if (!this.#maps.namespace_states.lookup(u32(this.#id), state)) return;
    state.writeBigInt64LE(0n, namespaceState.live);
    this.#maps.namespace_states.update(u32(this.#id), state);
  }

  #count(state: Buffer, counts: { readonly processes: number; readonly live: number; readonly born: number }): void {
    for (const [name, count] of Object.entries(counts))
      state.writeBigUInt64LE(BigInt(count), namespaceState[name as keyof typeof counts]);
    this.#maps.namespace_states.update(u32(this.#id), state);
  }

  /** Whether a descriptor is of a process of this namespace, by its number there. */
  #isOf(pidfd: number, handle: number, as: "known" | "living"): boolean {
    const { members } = this.#maps;
    const value = Buffer.alloc(members.valueBytes);
    if (!members.lookup(u32(pidfd), value)) return false;
    const isOf =
      value.readUInt32LE(member.namespace_id) === this.#id && value.readBigUInt64LE(member.process) === BigInt(handle);
    return isOf && (as === "known" || value.readUInt32LE(member.has_ended) === 0);
  }

  #idOf(pidfd: number): number | undefined {
    const { members } = this.#maps;
    const value = Buffer.alloc(members.valueBytes);
    return members.lookup(u32(pidfd), value) ? value.readUInt32LE(member.namespace_id) : undefined;
  }
}
