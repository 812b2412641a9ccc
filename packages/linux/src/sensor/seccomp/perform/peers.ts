/**
 * The tasks in whose place the supervising thread may act: the kernel would answer them exactly as it answers the supervisor.
 *
 * A thread can take on some rights and give them back (`thread-rights.ts`). Others it cannot: the user namespace, in which
 * capabilities count and ids are read; the label of a security module; the Landlock rules that a task has put on itself. If one
 * of these differs, the task makes its call itself.
 *
 * Namespaces of other kinds do not matter for calls on objects that the supervisor holds: they were found in the task's own.
 */
import { gettid } from "../../../abi/libc.ts";
import { activeModules } from "../../../abi/security-modules.ts";
import { namespaceOf } from "../../../process/namespace-of.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import type { LaunchPlaces } from "../tasks/launch-places.ts";
import type { Thread } from "../tasks/process.ts";
import type { ThreadRights } from "./thread-rights.ts";

/** Modules that decide by a label which /proc shows and a task may change, and one whose labels are not readable. */
const LABELLING = ["selinux", "smack", "apparmor"];
const SILENT = "tomoyo";

export class Peers {
  readonly #rights: ThreadRights;
  readonly #launchPlaces: LaunchPlaces;
  readonly #userNamespace = namespaceOf(gettid(), "user");
  readonly #label: string | undefined;
  readonly #hasLabels: boolean;
  readonly #isUntold: boolean;
  readonly #settled = new WeakSet<Thread>();
  readonly #moving = new WeakSet<Thread>();
  /** The launch is in the supervisor's user namespace, and so are all tasks, unless one may have left it. */
  #isLaunchs = false;

  constructor(rights: ThreadRights, launchPlaces: LaunchPlaces) {
    this.#rights = rights;
    this.#launchPlaces = launchPlaces;
    const modules = activeModules();
    this.#isUntold = modules?.includes(SILENT) ?? false;
    this.#hasLabels = modules?.some((name) => LABELLING.includes(name)) ?? true;
    this.#label = this.#hasLabels ? labelOf(gettid()) : undefined;
  }

  /** Whether a call may be made for this thread. Checked each time: a task may change its label by a call that is not mediated. */
  include(thread: Thread): boolean {
    if (thread.process.restrictsItself || this.#isUntold || !this.#rights.canBeThoseOf(thread)) return false;
    if (this.#hasLabels && labelOf(thread.tid) !== this.#label) return false;
    return this.sharesUsers(thread);
  }

  /**
   * Whether a thread is in the supervisor's user namespace. Checked once: only the thread itself can enter another, by a
   * mediated call (`unshare`, `setns`). From then on it is checked each time, because an allowed call takes effect at a later
   * moment.
   */
  sharesUsers(thread: Thread): boolean {
    if (this.#settled.has(thread) || (this.#isLaunchs && this.#launchPlaces.areShared)) return true;
    const isOurs = this.#userNamespace !== 0 && namespaceOf(thread.tid, "user") === this.#userNamespace;
    if (isOurs && !this.#moving.has(thread)) this.#settled.add(thread);
    if (isOurs) this.#isLaunchs ||= this.#launchPlaces.areShared;
    return isOurs;
  }

  /** Records a thread that is allowed to enter other namespaces. */
  entersNamespaces(thread: Thread): void {
    this.#settled.delete(thread);
    this.#moving.add(thread);
  }

  /** Whether a thread sees the same settings below /proc/sys as the supervisor. */
  sharesSettings({ tid }: Thread): boolean {
    return (["net", "ipc", "uts"] as const).every((kind) => namespaceOf(tid, kind) === namespaceOf(gettid(), kind));
  }
}

/** Undefined if no module has one. */
function labelOf(tid: number): string | undefined {
  return readProcFile(`/proc/${tid}/attr/current`);
}
