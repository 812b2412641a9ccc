/** What a process and all that it started have used of the processors. */
import { readdirSync, readFileSync } from "node:fs";

/** Ticks of the processor's clock a second, as /proc shows them (proc_pid_stat(5); Linux has 100 on all that we run on). */
const TICKS = 100;

/** Seconds, of a process and its descendants that live. @param {number} pid @returns {number} */
export function processorOf(pid) {
  const own = there(() => readFileSync(`/proc/${pid}/stat`, "latin1")) ?? "";
  if (own === "") return 0;
  // Behind the name of the program, which may have spaces: utime and stime are the members 14 and 15.
  const members = own.slice(own.lastIndexOf(")") + 2).split(" ");
  const tasks = there(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  const children = tasks.flatMap((task) =>
    (there(() => readFileSync(`/proc/${pid}/task/${task}/children`, "latin1")) ?? "").split(" ").filter(Boolean),
  );
  const below = children.reduce((sum, child) => sum + processorOf(Number(child)), 0);
  return (Number(members[11]) + Number(members[12])) / TICKS + below;
}

/** Undefined where a process or a thread has ended meanwhile. @template T @param {() => T} read @returns {T | undefined} */
function there(read) {
  try {
    return read();
  } catch (fault) {
    if (["ENOENT", "ESRCH"].includes(/** @type {NodeJS.ErrnoException} */ (fault).code ?? "")) return undefined;
    throw fault;
  }
}
