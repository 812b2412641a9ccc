/**
 * What every decoder of a call has at hand, and the one way to report an exchange.
 */
import { type Operation, operationNames } from "@isoline/core";
import { EACCES, EFAULT, EMFILE, ENAMETOOLONG, ENOENT, EPERM } from "../../abi/errno.ts";
import type { Loader } from "../files/loader.ts";
import { FileKnowledge } from "../files/knowledge.ts";
import type { FileUse } from "../inspection.ts";
import type { Act, Mediator, Refusal, Verdict } from "../mediation.ts";
import { FirstError } from "./listener/first-error.ts";
import { TaskMemory } from "./listener/memory.ts";
import { ANSWERED, type Listener } from "./listener/notification.ts";
import { EACCES_TO_TASK, PATH_ERRORS, PathFinder } from "./paths/finder.ts";
import { KeptFiles } from "./paths/kept-files.ts";
import { Found, NO_PATH_TEXT, OBJECT_CLOSED } from "../files/found.ts";
import { Origins } from "./paths/origins.ts";
import { Permissions } from "./paths/permission.ts";
import { RawKey } from "./paths/raw-key.ts";
import { Peers } from "./perform/peers.ts";
import { NOT_OURS, Opener, type Way } from "./perform/opener.ts";
import { Performer } from "./perform/performer.ts";
import { isKeptInSticky } from "./perform/sticky.ts";
import { O_CREAT, O_TRUNC } from "../../abi/stat.ts";
import { ThreadRights } from "./perform/thread-rights.ts";
import { callName } from "../../abi/syscalls.ts";
import { FormatHandlers } from "./calls/handlers.ts";
import { MountContexts } from "./calls/mount-contexts.ts";
import { Networks } from "./calls/networks.ts";
import { KnownExecs } from "./tasks/known-execs.ts";
import { SocketPaths } from "./calls/task-socket.ts";
import { SensedFile } from "../files/sensed-file.ts";
import type { Thread } from "./tasks/process.ts";
import type { TaskTable } from "./tasks/table.ts";
import { Worlds } from "./tasks/worlds.ts";

const operationNumbers = new Map<Operation, number>(operationNames.map((name, index) => [name, index + 1]));

/** A decoder: reads the arguments of the stopped call and says what it would do. */
export type Decoder = (context: Context, thread: Thread) => Verdict;

/** A call about objects that we hold, as the supervisor can make it. */
export interface Deed {
  readonly act: Act;
  /** The errno that the kernel would refuse it with, as far as looking can tell; 0 if nothing speaks against it. */
  readonly refusal: () => number;
  /** Makes it; its result, or a negative errno. Undefined where it cannot be made with what we hold. */
  readonly call: (() => number) | undefined;
  /** It makes something new, whose mode the umask has a part in. */
  readonly isCreation?: boolean;
  /** It is an exchange whether it succeeds or not. */
  readonly isAskedFirst?: boolean;
}

const PROCEED: Verdict = 0;
const CAP_SYS_ADMIN = 1n << 21n;

export class Context {
  readonly listener: Listener;
  readonly mediator: Mediator;
  readonly tasks: TaskTable;
  readonly worlds = new Worlds();
  readonly origins: Origins;
  readonly networks: Networks;
  readonly mountContexts = new MountContexts();
  readonly finder: PathFinder;
  readonly rights = new ThreadRights();
  readonly peers = new Peers(this.rights);
  readonly performer = new Performer(this.rights, this.peers);
  readonly opener: Opener;
  readonly permissions = new Permissions(this.rights, this.peers);
  readonly files = new FileKnowledge(() => this.listener.receiveWaiting());
  readonly loaders = new Map<string, Loader>();
  readonly handlers = new FormatHandlers();
  readonly knownExecs = new KnownExecs();
  readonly socketPaths = new SocketPaths();
  /** Two of each, for calls that name two paths. */
  readonly memory = new TaskMemory();
  readonly memory2 = new TaskMemory();
  readonly found = new Found();
  readonly found2 = new Found();
  /** The thread whose call is decided. */
  caller: Thread | undefined;
  readonly #key = new RawKey();
  #moments = 0;
  readonly #firstError = new FirstError();
  readonly #sensed = new SensedFile(this.files);

  constructor(listener: Listener, mediator: Mediator, tasks: TaskTable, isCanister: boolean) {
    this.listener = listener;
    this.mediator = mediator;
    this.tasks = tasks;
    this.opener = new Opener(this.performer, listener);
    this.origins = new Origins(this.worlds, isCanister);
    this.networks = new Networks(this.worlds, isCanister);
    const kept = new KeptFiles((number) => this.tasks.launchers.serves(number));
    this.finder = new PathFinder(kept, this.origins);
  }

  /** A call that makes or enters namespaces is let through. */
  entersNamespaces({ process, tid }: Thread, call: "unshare" | "setns" | "clone", flags: number): void {
    this.worlds.entering(process, tid, call, flags);
  }

  close(): void {
    this.files.close();
    this.handlers.close();
    this.origins.close();
    this.mountContexts.close();
  }

  get call(): Listener["call"] {
    return this.listener.call;
  }

  /** A key for an operation of this thread, to be completed by the decoder; overwritten by the next. */
  keyFor(op: Operation, thread: Thread): RawKey {
    return this.#key.begin(operationNumbers.get(op) as number, thread);
  }

  /** The key with the version of a file whose content counts; where versions do not tell that, one that never comes again. */
  versioned(key: RawKey, { stat }: Found): RawKey {
    key.version(stat);
    return this.files.versionsTell ? key : key.u32(++this.#moments);
  }

  /**
   * Reports an exchange whose raw key is complete: decided by the key if that is known, otherwise described and decided.
   * `look` is asked in either case, as `inspect` is; what it refuses is no exchange.
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

  /** Lets whoever inspects files look at this one; the errno its use is to fail with, or 0. */
  inspect(thread: Thread, found: Found, use: FileUse, access: number): Verdict {
    const { inspector } = this.mediator;
    if (!inspector?.active || !found.stat.isRegular || !this.listener.stillWaiting()) return PROCEED;
    return inspector.inspect(use, access, this.#sensed.of(found, thread), thread);
  }

  /** The same for what is about to be written into `security.ima`, by whoever the kernel lets do that. */
  inspectAttribute(thread: Thread, found: Found, value: () => Buffer | undefined): Verdict {
    const { inspector } = this.mediator;
    const isPermitted = (thread.credentials.capabilities & CAP_SYS_ADMIN) !== 0n;
    if (!inspector?.active || !isPermitted) return PROCEED;
    const refused = inspector.inspectAttribute(value(), this.#sensed.of(found, thread), thread);
    if (refused !== PROCEED) this.mediator.attempted();
    return refused;
  }

  /** Reports an exchange that is not to be remembered by a raw key. */
  decide(thread: Thread, act: Act | Refusal, key?: RawKey): Verdict {
    if ("refusedWith" in act) return this.refuses(act.refusedWith);
    // What was described was read while the task waited. If it no longer does, the number may be another task's by now.
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

  /** An act on the supervisor: told like any other, and refused whatever the contour says, in every mode. */
  keep(thread: Thread, act: Act): Verdict {
    return this.decide(thread, { ...act, isKept: true }) || EPERM;
  }

  /** What the namespace is let do to the clock or beneath a file system changes what the times of files prove. */
  #takeNote(act: Act): void {
    if (act.op === "settime") this.files.noteClock();
    if (act.op === "mount" && act.subject.type === "overlay") this.files.noteOverlay();
  }

  /**
   * Carries out an act on objects that we hold. Where the supervisor may make the call itself, there is nothing to race, and
   * only what the kernel did is an exchange: if nothing may be refused, the call is made first, and no event if it failed.
   * If something may be, it is decided first. Where it may not make it, the task does so itself: that is counted as racy.
   */
  carryOut(thread: Thread, deed: Deed): Verdict {
    const { act, call } = deed;
    if (this.finder.ledToSupervisor) return this.decide(thread, act);
    const isOurs = call !== undefined && (!deed.isCreation || this.performer.mayCreate);
    const isAskedFirst = deed.isAskedFirst === true || this.mediator.mayRefuse;
    if (!isOurs || isAskedFirst) {
      const refusal = deed.refusal();
      if (refusal !== 0) return this.refuses(refusal);
      const verdict = this.decide(thread, act);
      if (verdict !== PROCEED) return verdict;
      if (!isOurs) return this.racy();
    }
    // A decision has just asked the same.
    if (!isAskedFirst && !this.listener.stillWaiting()) return PROCEED;
    const result = deed.isCreation ? this.performer.create(thread, call) : this.performer.make(thread, call);
    if (result < 0) {
      // What was decided before did not come to be.
      if (isAskedFirst) this.mediator.withdraw();
      else this.mediator.attempted();
      return -result;
    }
    // It has happened, whatever has become of the task since.
    if (!isAskedFirst) this.#judge(thread, act, undefined);
    this.listener.answer(BigInt(result));
    return ANSWERED;
  }

  /** Makes a call that was decided, on what we hold, where it may be made by us; otherwise the task does so itself. */
  makes(thread: Thread, call: () => number): Verdict {
    if (!this.performer.rightsFor(thread)) return this.racy();
    return this.listener.stillWaiting() ? this.returns(this.performer.make(thread, call)) : PROCEED;
  }

  /** The task's call returns what ours has: a result, or a negative errno. */
  returns(result: number): Verdict {
    if (result < 0) return -result;
    this.listener.answer(BigInt(result));
    return ANSWERED;
  }

  /** Opens what was found and decided about in place of the thread, if that can be done; else the thread does. `isReached`: with its rights. */
  open(thread: Thread, found: Found, way: Way, isReached: boolean): Verdict {
    if (!isReached || !this.opener.mayOpen(found, way.flags)) return this.racy();
    if ((way.flags & O_CREAT) !== 0) {
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

  /** With the rights of the task, where they can be taken on: by them the kernel may refuse before. */
  #firstErrorFor(predicted: number): number {
    const { caller } = this;
    const isTheirs = caller !== undefined && this.performer.rightsFor(caller) !== undefined;
    return this.#firstError.of(this.call, predicted, (call) => (isTheirs ? this.performer.make(caller, call) : call()));
  }

  /** A call that the task makes itself, though others could change what its verdict rests on before the kernel looks. */
  racy(): Verdict {
    this.mediator.racy(callName(this.call.number));
    return PROCEED;
  }

  /**
   * The kernel would fail the call with this errno, so it fails with it here, and nothing is exchanged. It never goes ahead
   * on that guess: what is there, what a page holds or who may do what can be another thing when the kernel looks. An error
   * that the kernel would come to before is the answer instead.
   */
  refuses(errno: number): Verdict {
    this.mediator.attempted();
    const first = this.#firstErrorFor(errno);
    if (first !== 0) return first;
    this.listener.answer(0n);
    return ANSWERED;
  }

  /**
   * A path that could not be found: the kernel's own refusal is an attempt; whatever else kept us from resolving it
   * becomes an event that says so, never a made-up path.
   */
  unresolved(thread: Thread, error: number, act: (path: string) => Act): Verdict {
    if (this.isForTaskToo(thread, error)) return this.refuses(-error);
    return this.unseen(thread, `path not resolved (${reasonFor(-error)})`, act(`?${reasonFor(-error)}`));
  }

  /** The same for what was looked for with the rights of the thread, if it was (`wentAsTask`): then EACCES is its own. */
  notFound(thread: Thread, error: number, wentAsTask: boolean, act: (path: string) => Act): Verdict {
    return wentAsTask && error === -EACCES ? this.refuses(EACCES) : this.unresolved(thread, error, act);
  }

  /** Whether an error on the way to a path is what the kernel will tell the task, and not only us, who may lack its rights. */
  isForTaskToo(thread: Thread, error: number): boolean {
    if (!PATH_ERRORS.has(-error)) return false;
    return error !== -EACCES || (this.permissions.isPeer(thread) && !this.finder.isClosed(thread.tid));
  }

  /** An event of which something could not be seen: it is decided, and counts as a loss, which may refuse it all the same. */
  unseen(thread: Thread, reason: string, act: Act): Verdict {
    // A task that was killed meanwhile shows nothing either, and its call will not happen: nothing was lost.
    if (!this.listener.stillWaiting()) return PROCEED;
    const lost = this.mediator.lost(reason, thread.process);
    return this.uninspected(thread, act) || this.decide(thread, act) || lost;
  }

  /** A use of a file that nobody can look at: the errno it is to fail with, where somebody would have had to. */
  uninspected(thread: Thread, { op }: Act): Verdict {
    const use = op === "open" || op === "exec" || op === "map" ? op : undefined;
    return use === undefined ? PROCEED : (this.mediator.inspector?.withoutFile(use, thread) ?? PROCEED);
  }

  /**
   * An argument that could not be read. At a bad address, or without an end, the kernel could not read it either, or it lies
   * where only the kernel can see it (memfd_secret): the call fails here. Anything else means that the task is closed to us,
   * and that what it is about to do is not seen.
   */
  unreadable(thread: Thread, error: number): Verdict {
    if (error === -EFAULT || error === -ENAMETOOLONG) return this.refuses(-error);
    return this.notSeen(thread, `argument not read (${reasonFor(-error)})`);
  }

  /** Something of which not even an event can be made: a loss, unless the task is gone. */
  notSeen(thread: Thread, reason: string): Verdict {
    return this.listener.stillWaiting() ? this.mediator.lost(reason, thread.process) : PROCEED;
  }

  /** Reads a path argument into `memory`; its length, or a negative errno. */
  readPath(thread: Thread, argument: number, memory = this.memory): number {
    return memory.string(thread.tid, this.call.pointer(argument));
  }
}

/** A short stable word for why something could not be resolved. */
export function reasonFor(errno: number): string {
  switch (errno) {
    case EACCES_TO_TASK:
    case EPERM:
      return "task-closed-to-sensor";
    case OBJECT_CLOSED:
      return "object-closed-to-sensor";
    case NO_PATH_TEXT:
      return "path-too-long";
    case 3:
      return "task-gone";
    case 13:
      return "directory-closed-to-sensor";
    case 24:
    case 23:
      return "too-many-open-files";
    default:
      return `errno-${errno}`;
  }
}
