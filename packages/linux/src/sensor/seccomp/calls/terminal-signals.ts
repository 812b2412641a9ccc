/**
 * Signals of a terminal that no call names a receiver for: where a descriptor is made asynchronous that has no owner yet, the kernel sends
 * them to the foreground process group of the terminal (drivers/tty/tty_io.c, __tty_fasync), and the task chooses which signal (F_SETSIG).
 * That group is often that of a shell or of the supervisor.
 */
import { readProcFile } from "../../../process/proc-file.ts";
import type { Act, Verdict } from "../../mediation.ts";
import { FIOASYNC, terminalRequests } from "../../words/requests.ts";
import type { Context } from "../context.ts";
import type { Thread } from "../tasks/process.ts";
import { withDescriptor } from "./objects.ts";

/** `FIOASYNC`, or F_SETFL with O_ASYNC. 0 for what is no terminal: there the owner is named, or is the task itself. */
export function askForSignals(context: Context, thread: Thread): Verdict {
  const request = terminalRequests[FIOASYNC] ?? "";
  return withDescriptor(
    context,
    thread,
    context.call.int(0),
    (path) => ({ op: "ioctl", subject: { request, path, mode: 0, uid: 0, gid: 0, fs: "?" } }),
    (found) => {
      if (!found.stat.isCharacterDevice) return 0;
      const act: Act = { op: "ioctl", subject: { request, ...context.files.describe(found) } };
      return hasTerminal() ? context.keep(thread, act) : context.decide(thread, act);
    },
  );
}

/** Whether the supervisor has a controlling terminal: then it may be in the group. The field tty_nr of proc_pid_stat(5). */
function hasTerminal(): boolean {
  const stat = readProcFile("/proc/self/stat") ?? "";
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[4] !== "0";
}
