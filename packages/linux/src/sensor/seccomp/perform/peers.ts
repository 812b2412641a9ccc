/**
 * For whom the supervising thread may act: tasks to which the kernel, making the same call, would say just what it says to us.
 *
 * Beside the rights that a thread can take on and give back (`thread-rights.ts`), the kernel looks at what nobody can put on
 * for a moment: the user namespace, in which capabilities count and ids are read; the label of a security module; the
 * Landlock rules that a task has put on itself. Where one of these differs, the task makes its call itself.
 *
 * Namespaces of other kinds do not matter for calls about objects that we hold: where they lie was settled when they were found.
 */
import { gettid } from "../../../abi/libc.ts";
import { activeModules } from "../../../abi/security-modules.ts";
import { namespaceOf } from "../../../process/namespace-of.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import type { Departures } from "../tasks/departures.ts";
import type { Thread } from "../tasks/process.ts";
import type { ThreadRights } from "./thread-rights.ts";

/** Modules that decide by a label which /proc tells and a task may change, and one whose labels are told nowhere. */
const LABELLING = ["selinux", "smack", "apparmor"];
const SILENT = "tomoyo";

export class Peers {
  readonly #rights: ThreadRights;
  readonly #departures: Departures;
  readonly #userNamespace = namespaceOf(gettid(), "user");
  readonly #label: string | undefined;
  readonly #hasLabels: boolean;
  readonly #isUntold: boolean;
  readonly #settled = new WeakSet<Thread>();
  readonly #moving = new WeakSet<Thread>();
  /** The launch is in our user namespace, and with it all tasks, unless there are departures. */
  #isLaunchs = false;

  constructor(rights: ThreadRights, departures: Departures) {
    this.#rights = rights;
    this.#departures = departures;
    const modules = activeModules();
    this.#isUntold = modules?.includes(SILENT) ?? false;
    this.#hasLabels = modules?.some((name) => LABELLING.includes(name)) ?? true;
    this.#label = this.#hasLabels ? labelOf(gettid()) : undefined;
  }

  /** Whether a call may be made for this thread. Asked anew for each: a task may change its label without a word. */
  include(thread: Thread): boolean {
    if (thread.process.restrictsItself || this.#isUntold || !this.#rights.canBeThoseOf(thread)) return false;
    if (this.#hasLabels && labelOf(thread.tid) !== this.#label) return false;
    return this.sharesUsers(thread);
  }

  /**
   * Whether a thread is in our user namespace. Asked once: only the thread itself can enter another, and says so (`unshare`,
   * `setns`). From then on it is asked each time, because what was let go ahead takes effect at a moment of its own.
   */
  sharesUsers(thread: Thread): boolean {
    if (this.#settled.has(thread) || (this.#isLaunchs && this.#departures.areNone)) return true;
    const isOurs = this.#userNamespace !== 0 && namespaceOf(thread.tid, "user") === this.#userNamespace;
    if (isOurs && !this.#moving.has(thread)) this.#settled.add(thread);
    if (isOurs) this.#isLaunchs ||= this.#departures.areNone;
    return isOurs;
  }

  /** Takes note of a thread that is let enter other namespaces. */
  entersNamespaces(thread: Thread): void {
    this.#settled.delete(thread);
    this.#moving.add(thread);
  }

  /** Whether a thread has the same settings below /proc/sys as we have. */
  sharesSettings({ tid }: Thread): boolean {
    return (["net", "ipc", "uts"] as const).every((kind) => namespaceOf(tid, kind) === namespaceOf(gettid(), kind));
  }
}

/** Undefined where no module tells one. */
function labelOf(tid: number): string | undefined {
  return readProcFile(`/proc/${tid}/attr/current`);
}
