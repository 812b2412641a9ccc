/** What every decoder of a call needs, and the one way to report an act. */
import { type Operation, operationNames } from "@isoline/core/event";
import { EACCES, EAGAIN, EFAULT, EMFILE, ENAMETOOLONG, ENOENT, ENOSYS, EPERM } from "../../abi/errno.ts";
import type { Loader } from "../files/loader.ts";
import { FileKnowledge } from "../files/knowledge.ts";
import { Building } from "./building.ts";
import type { FileUse } from "../inspection.ts";
import type { Act, Mediator, Refusal, Verdict } from "../mediation.ts";
import { FirstError } from "./listener/first-error.ts";
import { TaskMemory } from "./listener/memory.ts";
import { ANSWERED, type Listener } from "./listener/notification.ts";
import { PATH_ERRORS, PathFinder } from "./paths/finder.ts";
import { KeptFiles } from "./paths/kept-files.ts";
import { Found } from "../files/found.ts";
import { Origins } from "./paths/origins.ts";
import { Permissions } from "./paths/permission.ts";
import { RawKey } from "./paths/raw-key.ts";
import { Peers } from "./perform/peers.ts";
import type { Deed } from "./perform/deed.ts";
import { mayWaitForThaw } from "./perform/filesystems.ts";
import { NOT_OURS, Opener, type Way } from "./perform/opener.ts";
import { Performer } from "./perform/performer.ts";
import { isKeptInSticky } from "./paths/sticky.ts";
import { O_CREAT, O_TRUNC } from "../../abi/stat.ts";
import { ThreadRights } from "./perform/thread-rights.ts";
import { endMoments, prepareMoments } from "../../process/moment.ts";
import { isOutsideBy } from "../../process/filters.ts";
import { readProcFile } from "../../process/proc-file.ts";
import { callName, syscallNumbers } from "../../abi/syscalls.ts";
import { reasonFor } from "./paths/reasons.ts";
import { Hosts } from "./hosts/hosts.ts";
import { FormatHandlers } from "./surroundings/handlers.ts";
import { MountContexts } from "./surroundings/mount-contexts.ts";
import { OwnGroups } from "../own-groups.ts";
import { Networks } from "./surroundings/networks.ts";
import { KnownExecs } from "./tasks/known-execs.ts";
import { SocketPaths } from "./surroundings/task-socket.ts";
import { SensedFile } from "../files/sensed-file.ts";
import type { Thread } from "./tasks/process.ts";
import type { TaskTable } from "./tasks/table.ts";
import { Worlds } from "./tasks/worlds.ts";

const operationNumbers = new Map<Operation, number>(operationNames.map((name, index) => [name, index + 1]));

/** A decoder: reads the arguments of the stopped call and reports what the call would do. */
export type Decoder = (context: Context, thread: Thread) => Verdict;

const PROCEED: Verdict = 0;
const CAP_SYS_ADMIN = 1n << 21n;

export class Context {
  readonly listener: Listener;
  readonly mediator: Mediator;
  readonly tasks: TaskTable;
  readonly worlds = new Worlds();
  readonly origins: Origins;
  readonly networks: Networks;
  /** Undefined if hosts are called by their addresses. */
  readonly hosts: Hosts | undefined;
  readonly mountContexts = new MountContexts();
  readonly kept: KeptFiles;
  readonly finder: PathFinder;
  readonly rights = new ThreadRights();
  readonly peers: Peers;
  readonly performer: Performer;
  readonly opener: Opener;
  readonly permissions: Permissions;
  readonly files = new FileKnowledge(() => this.listener.receiveWaiting());
  readonly building: Building;
  readonly loaders = new Map<string, Loader>();
  readonly handlers = new FormatHandlers();
  readonly knownExecs = new KnownExecs();
  readonly socketPaths = new SocketPaths();
  readonly ownGroups = new OwnGroups();
  /** Two of each, for calls that name two paths. */
  readonly memory = new TaskMemory();
  readonly memory2 = new TaskMemory();
  readonly found = new Found();
  readonly found2 = new Found();
  /** The thread whose call is being decided. */
  caller: Thread | undefined;
  readonly #key = new RawKey();
  readonly #isCanister: boolean;
  #moments = 0;
  readonly #firstError = new FirstError(!mayWaitForThaw());
  readonly #sensed = new SensedFile(this.files);

  constructor(listener: Listener, mediator: Mediator, tasks: TaskTable, isCanister: boolean) {
    this.listener = listener;
    this.mediator = mediator;
    this.tasks = tasks;
    this.#isCanister = isCanister;
    this.peers = new Peers(this.rights, tasks.launchPlaces);
    this.performer = new Performer(this.rights, this.peers);
    this.permissions = new Permissions(this.rights, this.peers);
    this.opener = new Opener(this.performer, listener, (stat) => this.files.noteOpened(stat));
    this.building = new Building(mediator.tools, this.files, this.opener, () => this.caller?.process.identity);
    this.networks = new Networks(this.worlds, isCanister);
    this.origins = new Origins(this.worlds, (thread, number) => this.networks.seenBy(thread, number), isCanister);
    this.hosts = mediator.hosts && new Hosts(mediator.hosts, listener, mediator, tasks, this.worlds);
    this.networks.standsIn = (network) => this.hosts?.owns({ network }) ?? false;
    this.kept = new KeptFiles({
      isServing: (number) =>
        tasks.launchers.serves(number) || this.keepsOutside(() => readProcFile(`/proc/${number}/status`)),
      owns: ({ number, namespace, status }) =>
        tasks.launchers.servesInside(number, namespace) || this.keepsOutside(() => status),
    });
    this.finder = new PathFinder(this.kept, this.origins, tasks.launchPlaces);
    // Last, since what fails here is not closed.
    prepareMoments();
  }

  /** A call that creates or enters namespaces is allowed. */
  entersNamespaces({ process, tid }: Thread, call: "unshare" | "setns" | "clone", flags: number): void {
    this.tasks.launchPlaces.noteLeaving();
    this.worlds.entering(process, tid, call, flags);
  }

  /**
   * Whether a process, by its status file, is one outside, while a person may be asked: there the person's own programs are, and a task
   * that looks into one of them, or takes hold of it, could answer in the person's place.
   */
  keepsOutside(status: () => string | undefined): boolean {
    return this.mediator.asking !== undefined && isOutsideBy(status() ?? "");
  }

  close(): void {
    this.building.close();
    this.files.close();
    this.handlers.close();
    this.origins.close();
    this.mountContexts.close();
    this.ownGroups.close();
    this.hosts?.close();
    endMoments();
  }

  get call(): Listener["call"] {
    return this.listener.call;
  }

  /** The key of an operation of this thread, to be completed by the decoder; overwritten by the next. */
  keyFor(op: Operation, thread: Thread): RawKey {
    return this.#key.begin(operationNumbers.get(op) as number, thread);
  }

  /**
   * The key with the version of a file whose content counts. If the version does not identify the content, a value that never
   * recurs.
   */
  versioned(key: RawKey, found: Found): RawKey {
    key.version(found.stat);
    return this.files.versionTells(found) ? key : key.u32(++this.#moments);
  }

  /**
   * Reports an act whose raw key is complete. If the key is known, its verdict is used; otherwise the act is described and
   * decided. `look` is called in either case, like `inspect`; a use that it refuses is not reported.
   */
  exchange(thread: Thread, key: RawKey, describe: () => Act | Refusal, look: () => Verdict = () => PROCEED): Verdict {
    const known = this.finder.ledToSupervisor ? undefined : this.mediator.repeated(key, thread.process);
    if (known !== undefined) return known || look();
    const act = describe();
    if ("refusedWith" in act) return this.refuses(act.refusedWith);
    const refused = look();
    if (refused === PROCEED) return this.decide(thread, act, key);
    this.mediator.attempted();
    return refused;
  }

  /** Presents a file to the inspector; returns the errno that its use fails with, or 0. */
  inspect(thread: Thread, found: Found, use: FileUse, access: number): Verdict {
    const { inspector } = this.mediator;
    if (!inspector?.active || !found.stat.isRegular || !this.listener.stillWaiting()) return PROCEED;
    return inspector.inspect(use, access, this.#sensed.of(found, thread), thread);
  }

  /** The same for a value about to be written into `security.ima` by a task that the kernel permits to do so. */
  inspectAttribute(thread: Thread, found: Found, value: () => Buffer | undefined): Verdict {
    const { inspector } = this.mediator;
    const isPermitted = (thread.credentials.capabilities & CAP_SYS_ADMIN) !== 0n;
    if (!inspector?.active || !isPermitted) return PROCEED;
    const refused = inspector.inspectAttribute(value(), this.#sensed.of(found, thread), thread);
    if (refused !== PROCEED) this.mediator.attempted();
    return refused;
  }

  /** Reports an act whose verdict must not be stored under a raw key. */
  decide(thread: Thread, act: Act | Refusal, key?: RawKey): Verdict {
    if ("refusedWith" in act) return this.refuses(act.refusedWith);
    // The description was read while the task waited. If the task no longer waits, its number may belong to another task.
    if (!this.listener.stillWaiting()) return PROCEED;
    this.listener.receiveWaiting();
    return this.#judge(thread, act, key);
  }

  #judge(thread: Thread, act: Act, key: RawKey | undefined): Verdict {
    const { identity } = thread.process;
    const actor = { task: identity.id, parent: identity.parentId, credentials: thread.credentials };
    const verdict = this.finder.ledToSupervisor
      ? this.mediator.decide({ ...act, isKept: true }, thread, actor, undefined)
      : this.mediator.decide(act, thread, actor, key);
    if (verdict === PROCEED) this.#takeNote(act);
    return verdict;
  }

  /** An act on the supervisor: reported like any other, and refused in every mode, whatever the contour says. */
  keep(thread: Thread, act: Act): Verdict {
    return this.decide(thread, { ...act, isKept: true }) || EPERM;
  }

  /** If the namespace may set the clock or write beneath a file system, the times of files prove less. */
  #takeNote(act: Act): void {
    if (act.op === "settime") this.files.noteClock();
    if (act.op === "mount" && act.subject.type === "overlay") this.files.noteOverlay();
  }

  /**
   * Carries out an act on objects that the supervisor holds. If the supervisor may make the call itself, no other task can
   * race, and only what the kernel did is an act: if nothing may be refused, the call is made first and reported only if it
   * succeeded. If it may be refused, it is decided first. If the supervisor may not make the call, the task does: that is
   * counted as racy.
   */
  carryOut(thread: Thread, deed: Deed): Verdict {
    const { act, call } = deed;
    if (this.finder.ledToSupervisor) return this.decide(thread, act);
    const isOurs = call !== undefined && (!deed.isCreation || this.performer.mayCreate);
    const isAskedFirst = deed.isAskedFirst === true || this.mediator.mayRefuse;
    if (!isOurs || isAskedFirst) {
      const refusal = deed.refusal();
      if (refusal !== 0) return this.refuses(refusal);
      const verdict = this.decide(
        thread,
        isOurs ? act : { ...act, observation: { ...act.observation, mayFail: true } },
      );
      if (verdict !== PROCEED) return verdict;
      if (!isOurs) {
        const isLeft = this.racy();
        if (isLeft !== PROCEED) this.mediator.withdraw();
        return isLeft;
      }
    }
    // The decision has just checked the same.
    if (!isAskedFirst && !this.listener.stillWaiting()) return PROCEED;
    const result = deed.isCreation ? this.performer.create(thread, call) : this.performer.make(thread, call);
    if (result === -EAGAIN && deed.mayBlock === true)
      return isAskedFirst ? this.racy() : this.carryOut(thread, { ...deed, call: undefined });
    if (result < 0) {
      // The act that was decided did not happen.
      if (isAskedFirst) this.mediator.withdraw();
      else this.mediator.attempted();
      return -result;
    }
    // The call has been made, whatever has happened to the task since.
    if (!isAskedFirst) this.#judge(thread, act, undefined);
    const refused = deed.refusedAfter?.() ?? 0;
    if (refused !== 0) return refused;
    this.listener.answer(BigInt(result));
    return ANSWERED;
  }

  /** Makes a call that was decided, on the objects held, if the supervisor may make it; otherwise the task makes it. */
  makes(thread: Thread, call: () => number): Verdict {
    if (!this.performer.rightsFor(thread)) return this.racy();
    return this.listener.stillWaiting() ? this.returns(this.performer.make(thread, call)) : PROCEED;
  }

  /** The task's call returns what the supervisor's call returned: a result, or a negative errno. */
  returns(result: number): Verdict {
    if (result < 0) return -result;
    this.listener.answer(BigInt(result));
    return ANSWERED;
  }

  /**
   * Opens the object that was found and decided about in place of the thread, if possible; otherwise the thread opens it.
   * `isReached`: it was found with the thread's rights.
   */
  open(thread: Thread, found: Found, way: Way, isReached: boolean): Verdict {
    const verdict = this.#openInPlaceOf(thread, found, way, isReached);
    if (verdict === PROCEED) this.files.noteUnseen(found, way.flags);
    return verdict;
  }

  #openInPlaceOf(thread: Thread, found: Found, way: Way, isReached: boolean): Verdict {
    if (!isReached || !this.opener.mayOpen(found, way.flags)) return this.racy();
    if ((way.flags & O_CREAT) !== 0 && !this.finder.endedAtLink) {
      const isKept = isKeptInSticky(this.finder, found, thread);
      if (isKept !== false) return isKept === "unknown" ? this.racy() : EACCES;
    }
    if ((way.flags & O_TRUNC) !== 0) {
      if (!this.listener.stillWaiting()) return PROCEED;
      if (!this.opener.hasRoom(thread)) return EMFILE;
    }
    const number = this.opener.open(thread, found, way);
    if (number === NOT_OURS) return this.racy();
    return this.returns(number);
  }

  /** The errno with which the kernel refuses the arguments of a call, wherever its path leads; 0 if it does not. */
  refusedArguments(): number {
    const first = this.#firstErrorFor(ENOENT);
    return first === ENOENT ? 0 : first;
  }

  /** With the rights of the task, if the supervisor can take them on: with them the kernel may refuse earlier. */
  #firstErrorFor(predicted: number): number {
    const { caller } = this;
    if (mayWaitForThaw()) return predicted;
    const isTheirs = caller !== undefined && this.performer.rightsFor(caller) !== undefined;
    return this.#firstError.of(this.call, predicted, (call) => (isTheirs ? this.performer.make(caller, call) : call()));
  }

  /**
   * Whether the call fails where the task would have to make it, as where the kernel lacks it. `openat2` does: all that matters of it is
   * in memory, and programs then use `openat`. In every mode, so that the same is learnt as where something may be refused. A canister's
   * runtime is left to make it: without it runc looks at a /proc of its own, with other numbers in each run.
   */
  get failsInstead(): boolean {
    const isRuntimes = this.#isCanister && this.caller?.process.executedInside === false;
    return this.call.number === syscallNumbers.openat2 && !isRuntimes;
  }

  /** A call that the task makes itself, although another task could change the data of its verdict before the kernel reads it. */
  racy(): Verdict {
    if (this.failsInstead) return ENOSYS;
    this.mediator.racy(callName(this.call.number));
    return PROCEED;
  }

  /**
   * The kernel would fail the call with this errno, so the supervisor answers with it, and nothing is exchanged. The call never
   * goes ahead on that prediction: the file, the page or the rights may have changed when the kernel looks. If the kernel would
   * find another error first, that error is the answer.
   */
  refuses(errno: number): Verdict {
    this.mediator.attempted();
    const first = this.#firstErrorFor(errno);
    if (first !== 0) return first;
    this.listener.answer(0n);
    return ANSWERED;
  }

  /**
   * A path that could not be found. The kernel's own refusal is an attempt; any other reason becomes an event that names the
   * reason, never an invented path.
   */
  unresolved(thread: Thread, error: number, act: (path: string) => Act): Verdict {
    if (this.isForTaskToo(thread, error)) return this.refuses(-error);
    return this.unseen(thread, `path not resolved (${reasonFor(-error)})`, act(`?${reasonFor(-error)}`));
  }

  /** The same for a search with the rights of the thread, if they were used (`wentAsTask`): then EACCES is the thread's own. */
  notFound(thread: Thread, error: number, wentAsTask: boolean, act: (path: string) => Act): Verdict {
    return wentAsTask && error === -EACCES ? this.refuses(EACCES) : this.unresolved(thread, error, act);
  }

  /**
   * Whether an error on the way to a path is the kernel's answer to the task, and not only to the supervisor, which may lack
   * its rights.
   */
  isForTaskToo(thread: Thread, error: number): boolean {
    if (!PATH_ERRORS.has(-error)) return false;
    return error !== -EACCES || (this.permissions.isPeer(thread) && !this.finder.isClosed(thread.tid));
  }

  /** An event of which a part could not be read: it is decided, and counts as a loss, which may refuse it all the same. */
  unseen(thread: Thread, reason: string, act: Act): Verdict {
    // A task that was killed meanwhile cannot be read either, and its call will not happen: nothing was lost.
    if (!this.listener.stillWaiting()) return PROCEED;
    const lost = this.mediator.lost(reason, thread.process);
    return this.uninspected(thread, act) || this.decide(thread, act) || lost;
  }

  /** A use of a file that cannot be inspected; returns the errno that it fails with, if it should have been. */
  uninspected(thread: Thread, { op }: Act): Verdict {
    const use = op === "open" || op === "exec" || op === "map" ? op : undefined;
    return use === undefined ? PROCEED : (this.mediator.inspector?.withoutFile(use, thread) ?? PROCEED);
  }

  /**
   * An argument that could not be read. If the address is bad or the text has no end, the kernel could not read it either; or
   * it lies in memory that only the kernel can read (memfd_secret): the call fails here. Any other error means that the
   * supervisor may not inspect the task, so that its act is not observed.
   */
  unreadable(thread: Thread, error: number): Verdict {
    if (error === -EFAULT || error === -ENAMETOOLONG) return this.refuses(-error);
    return this.notSeen(thread, `argument not read (${reasonFor(-error)})`);
  }

  /** An act for which not even an event can be made: a loss, unless the task has ended. */
  notSeen(thread: Thread, reason: string): Verdict {
    return this.listener.stillWaiting() ? this.mediator.lost(reason, thread.process) : PROCEED;
  }

  /** Reads a path argument into `memory`; its length, or a negative errno. */
  readPath(thread: Thread, argument: number, memory = this.memory): number {
    return memory.string(thread.tid, this.call.pointer(argument));
  }
}
