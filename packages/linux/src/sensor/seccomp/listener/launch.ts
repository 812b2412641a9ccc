/**
 * Starts the workload: a thread of isoline installs the filter on itself, starts the program, and ends.
 *
 * Filters belong to threads, so the launching thread (a worker) gets its listener in this very process, and the program it
 * spawns inherits the filter and nothing else. `posix_spawn` uses vfork: no copy of this process ever runs. `execve` is a
 * mediated call, so the program cannot begin before the supervisor answers.
 */
import {
  addressOf,
  prctl,
  posixSpawn,
  seccomp,
  spawnAttributes,
  spawnFileActions,
  trimHeapsFrom,
} from "../../../abi/libc.ts";
import { EACCES, EBUSY, EINVAL, ENOSYS } from "../../../abi/errno.ts";
import {
  SECCOMP_FILTER_FLAG_NEW_LISTENER,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
  SECCOMP_SET_MODE_FILTER,
} from "../../../abi/seccomp.ts";
import { LinuxError } from "../../../error.ts";
import type { Credentials } from "../../../process/user.ts";
import { compileFilter } from "./filter.ts";
import { mediatedCalls } from "./mediated.ts";

const PR_SET_NO_NEW_PRIVS = 38;

/** The state that the program is started with: exactly what it would have without isoline. */
export interface Launch {
  /** Absolute or relative path; the search through PATH is done. */
  readonly path: Uint8Array;
  readonly argv: readonly Uint8Array[];
  /** `NAME=value` entries as raw bytes, in order. */
  readonly environment: readonly Uint8Array[];
  /** Descriptors that were open when isoline was started, to be kept. */
  readonly keep: readonly number[];
  /** Standard descriptors that were closed when isoline was started. */
  readonly shut: readonly number[];
  /** `sigset_t` of 8 bytes, little endian: blocked signals, and signals to put back to their default. */
  readonly blocked: Uint8Array;
  readonly defaults: Uint8Array;
  /** The user it starts as, if another than this process's. */
  readonly user: Credentials | undefined;
}

let compiled: Buffer | undefined;

/** Compiles the filter ahead of `installFilter`, where there is time. */
export function prepareFilter(): Buffer {
  compiled ??= compileFilter(mediatedCalls);
  return compiled;
}

/** DEFAULT_TRIM_THRESHOLD of the C library (malloc/malloc.c). */
const USUAL_TRIM = 131_072;
const NEVER = 0x7fff_ffff;

/**
 * Installs the filter on the calling thread and returns the listener's descriptor (close-on-exec).
 *
 * Until the thread ends, each mediated call of it waits for the supervising thread. So it must make none while it holds a lock that
 * other threads of this process need. The C library would, the first time that it makes a heap smaller: it holds the heap's lock and
 * opens /proc/sys/vm/overcommit_memory (malloc/arena.c, shrink_heap). From now on no heap is made smaller, until `endFilter`.
 */
export function installFilter(setNoNewPrivileges: boolean): number {
  trimHeapsFrom(NEVER);
  if (setNoNewPrivileges && prctl(PR_SET_NO_NEW_PRIVS, 1) < 0) {
    throw new LinuxError("launch-failed", "cannot set no_new_privs; this kernel does not support unprivileged filters");
  }
  const filter = prepareFilter();
  // struct sock_fprog: u16 length, 6 bytes of padding, pointer.
  const program = Buffer.alloc(16);
  program.writeUInt16LE(filter.length / 8, 0);
  program.writeBigUInt64LE(addressOf(filter), 8);
  const flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  let listener = seccomp(SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, program);
  if (listener === -EINVAL) listener = seccomp(SECCOMP_SET_MODE_FILTER, flags, program);
  if (listener >= 0) return listener;
  throw new LinuxError("launch-failed", explainFilter(-listener));
}

/** The thread with the filter has ended. */
export function endFilter(): void {
  trimHeapsFrom(USUAL_TRIM);
}

/** Starts the program and returns its pid. The errno of a failed exec is returned as a negative number. */
export function spawnWorkload(launch: Launch): number {
  const pid = Buffer.alloc(4);
  const argv = pointerArray(launch.argv);
  const environment = pointerArray(launch.environment);
  const path = Buffer.concat([launch.path, Buffer.of(0)]);
  const attributes = spawnAttributes(signalSet(launch.blocked), signalSet(launch.defaults));
  const actions = spawnFileActions(launch.keep, launch.shut);
  const error = posixSpawn(pid, path, actions, attributes, argv.table, environment.table);
  // The strings must outlive the call; this is the last use of the object that holds them.
  if (argv.strings.length < 0 || environment.strings.length < 0) return -EINVAL;
  return error === 0 ? pid.readInt32LE(0) : -error;
}

/** A NULL-terminated array of C strings, with the buffers that it points to. */
function pointerArray(strings: readonly Uint8Array[]): { table: Buffer; strings: Buffer[] } {
  const kept = strings.map((bytes) => Buffer.concat([bytes, Buffer.of(0)]));
  const table = Buffer.alloc(8 * (strings.length + 1));
  kept.forEach((bytes, index) => {
    table.writeBigUInt64LE(addressOf(bytes), index * 8);
  });
  return { table, strings: kept };
}

/** The C library's `sigset_t` is 128 bytes, of which the kernel reads 8. */
function signalSet(bits: Uint8Array): Buffer {
  const set = Buffer.alloc(128);
  set.set(bits.subarray(0, 8));
  return set;
}

function explainFilter(errno: number): string {
  switch (errno) {
    case EBUSY:
      return "this process already runs under a seccomp listener (another isoline, or a container runtime's): a task tree can have only one; run isoline outside it";
    case EACCES:
      return "the kernel requires no_new_privs or CAP_SYS_ADMIN for a seccomp filter";
    case ENOSYS:
    case EINVAL:
      return "this kernel has no seccomp user notification; isoline's seccomp sensor needs Linux 5.9 or newer";
    default:
      return `the kernel refused the seccomp filter (errno ${errno})`;
  }
}
