/**
 * Descriptors that stand for a process (pidfds). Their use is decided at that moment, but a task could redirect the descriptor
 * between the decision and the use. So in no mode does a task get a pidfd of the supervisor:
 *
 *   pidfd_open                  the number is in a register: decided here
 *   SO_PEERPIDFD                the supervisor queries a duplicate of the socket, and passes on the descriptor that it checked
 *   SO_PASSPIDFD                each message carries one of its sender, and the control socket answers: `setsockopt` answers that
 *                               the option does not exist (`requests.ts`)
 *   FAN_REPORT_PIDFD            each event carries one of the acting process (`marks.ts`)
 *   handles of pidfds           `open_by_handle_at` (`handles.ts`)
 *
 * A directory of /proc serves `pidfd_send_signal` as well. `other-processes.ts` sends what the supervisor could not survive itself.
 */
import { readFileSync } from "node:fs";
import { EFAULT, EINVAL, ENOPROTOOPT } from "../../../abi/errno.ts";
import { close, getsockopt as option } from "../../../abi/libc.ts";
import { peerPidfd, SOL_SOCKET } from "../../words/requests.ts";
import type { Context, Decoder } from "../context.ts";
import type { Verdict } from "../../mediation.ts";
import { mayWaitForThaw } from "../perform/filesystems.ts";
import { pidMeant } from "../tasks/pid-numbers.ts";
import type { Thread } from "../tasks/process.ts";
import { withDuplicate } from "./requests.ts";

/**
 * The kernel returns EINVAL for a bad flag and ESRCH for a missing process. A descriptor of any other process has no effect by
 * itself.
 */
export const pidfdOpen: Decoder = (context, thread) => {
  const pid = pidMeant(thread, context.call.int(0));
  return pid !== undefined && pid > 0 ? unlessSupervisor(context, thread, pid) : 0;
};

function unlessSupervisor(context: Context, thread: Thread, pid: number): Verdict {
  if (!context.tasks.launchers.serves(pid)) return 0;
  return context.keep(thread, { op: "getfd", subject: { relation: "supervisor" } });
}

/** SO_PEERPIDFD, which has the same number at every level. */
export const getsockopt: Decoder = (context, thread) =>
  context.call.int(1) === SOL_SOCKET && context.call.int(2) === peerPidfd
    ? withDuplicate(context, thread, (socket) => peerOf(context, thread, socket))
    : 0;

const NUMBER = 4;

function peerOf(context: Context, thread: Thread, socket: number): Verdict {
  const { call, memory, listener } = context;
  // Where the number is written may be a file of a frozen file system. The task itself could exchange the socket.
  if (mayWaitForThaw()) return context.refuses(ENOPROTOOPT);
  const unread = memory.exactly(thread.tid, call.pointer(4), NUMBER);
  if (unread < 0) return context.unreadable(thread, unread);
  const length = Math.min(memory.bytes.readInt32LE(0), NUMBER);
  if (length < 0) return context.refuses(EINVAL);
  const [value, size] = [Buffer.alloc(NUMBER), sizeOf(NUMBER)];
  const asked = option(socket, SOL_SOCKET, peerPidfd, value, size);
  if (asked < 0) return context.returns(asked);
  const own = value.readInt32LE(0);
  try {
    const verdict = unlessSupervisor(context, thread, pidOf(own));
    if (verdict !== 0) return verdict;
    // If nothing can be written, there is nothing to pass on.
    const isWritten = (bytes: Buffer, argument: number) =>
      bytes.length === 0 || memory.write(thread.tid, call.pointer(argument), bytes) === bytes.length;
    if (!isWritten(Buffer.alloc(length, 0xff), 3) || !isWritten(sizeOf(length), 4)) return EFAULT;
    const number = listener.give(own, true);
    if (number < 0) return context.returns(number);
    value.writeInt32LE(number, 0);
    return isWritten(value.subarray(0, length), 3) ? context.returns(0) : EFAULT;
  } finally {
    close(own);
  }
}

/** The process behind a pidfd of the supervisor; -1 if it has ended, 0 if it has no number here. */
function pidOf(pidfd: number): number {
  return Number(/^Pid:\s*(-?\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${pidfd}`, "latin1"))?.[1] ?? 0);
}

function sizeOf(length: number): Buffer {
  const size = Buffer.alloc(NUMBER);
  size.writeInt32LE(length, 0);
  return size;
}
