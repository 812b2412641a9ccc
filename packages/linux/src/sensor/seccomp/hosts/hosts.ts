/**
 * Hosts by name: the supervisor answers the lookups of the tasks, so that it knows which name led to which address.
 *
 *   C library          connect to nscd's socket          nscd-connections.ts
 *   other resolvers    connect or send to port 53        name-server.ts, in a network of its own
 *
 * It does so in the network of the launch, and as nscd for tasks at the root and with the mounts of the launch: others have another
 * resolv.conf.
 */
import { EAGAIN, ECONNREFUSED, EINPROGRESS, EINTR, EMFILE, ETIMEDOUT } from "../../../abi/errno.ts";
import { close, pollNow } from "../../../abi/libc.ts";
import { connect, copyFlags, duplicate, setWaits, streamPair, waits } from "../../../abi/sockets.ts";
import { closeSoon, withinMoment } from "../../../process/moment.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import type { HostNames } from "../../names/host-names.ts";
import type { Mediator, Verdict } from "../../mediation.ts";
import { AF_INET, AF_INET6, type Address, AF_UNIX } from "../../words/sockets.ts";
import { ANSWERED, type Listener } from "../listener/notification.ts";
import { POLLOUT, Watches } from "../listener/watches.ts";
import type { Thread } from "../tasks/process.ts";
import type { TaskTable } from "../tasks/table.ts";
import type { Worlds } from "../tasks/worlds.ts";
import { askerOf, Lookups } from "./lookups.ts";
import { EmptyNetwork } from "./empty-network.ts";
import { NameServer } from "./name-server.ts";
import { NscdConnections } from "./nscd-connections.ts";
import { Renewal } from "./renewal.ts";
import { Upstream } from "./upstream.ts";

/** glibc: nscd/nscd-client.h, _PATH_NSCDSOCKET; and where the link of /var/run leads. */
const NSCD = new Set(["/var/run/nscd/socket", "/run/nscd/socket"]);
const DNS_PORT = 53;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const O_CLOEXEC = 0o2000000;

/** What is known of the socket that a call is about. */
interface CalledSocket {
  readonly fd: number;
  readonly family: number;
  readonly type: number;
  /** Number of its network namespace. */
  readonly network: string;
}

export class Hosts {
  readonly #listener: Listener;
  readonly #mediator: Mediator;
  readonly #worlds: Worlds;
  readonly #watches = new Watches();
  readonly #nscd: NscdConnections;
  readonly #network: EmptyNetwork;
  readonly #server: NameServer;
  readonly #upstream: Upstream;
  readonly #renewal: Renewal;

  constructor(names: HostNames, listener: Listener, mediator: Mediator, tasks: TaskTable, worlds: Worlds) {
    this.#listener = listener;
    this.#mediator = mediator;
    this.#worlds = worlds;
    const lookups = new Lookups(mediator, tasks);
    this.#nscd = new NscdConnections(this.#watches, names, lookups);
    this.#upstream = new Upstream(this.#watches, names.table.servers);
    this.#server = new NameServer(this.#watches, names.table, lookups, this.#upstream);
    this.#network = new EmptyNetwork(
      this.#watches,
      // No task of the namespace may act on it, as on the supervisor.
      (pid) => tasks.launchers.add(pid, false),
      (listening) => this.#server.listen(listening),
    );
    this.#renewal = new Renewal(names);
    listener.attendTo(this.#watches);
  }

  /** Whether a task sees the files and the network of the launch, by which the supervisor looks hosts up. */
  #sharesFiles({ tid, process }: Thread): boolean {
    if (!process.atOwnRoot) return false;
    return (["mnt", "net"] as const).every(
      (kind) => !this.#worlds.mayDiffer(kind) || this.#worlds.inodeOf(kind, tid) === this.#worlds.own(kind),
    );
  }

  /** Connects a task that asks nscd to the supervisor; undefined for another connection. */
  connectToNscd(thread: Thread, number: number, socket: CalledSocket, { path }: Address): Verdict | undefined {
    if (socket.family !== AF_UNIX || socket.type !== SOCK_STREAM || !path || !NSCD.has(path.toString("latin1")))
      return undefined;
    if (!this.#sharesFiles(thread)) return undefined;
    const pair = this.#nscd.isFull ? -EAGAIN : streamPair();
    if (typeof pair === "number") return ECONNREFUSED;
    const [ours, theirs] = pair;
    copyFlags(socket.fd, theirs);
    const put = this.#listener.replace(theirs, number, isClosedOnExec(thread, number));
    close(theirs);
    if (put < 0) {
      close(ours);
      return -put;
    }
    this.#nscd.serve(ours, askerOf(thread));
    this.#listener.answer(0n);
    return ANSWERED;
  }

  /** Whether a socket is one that the supervisor gave to a task: it is in the launch's network for the task. */
  owns({ network }: Pick<CalledSocket, "network">): boolean {
    return this.#network.has(network);
  }

  /** Whether the supervisor answers at an address in place of a name server, for a socket in the network of the launch. */
  answersAt({ type }: CalledSocket, { port, family }: Address): boolean {
    const isInternet = family === AF_INET || family === AF_INET6;
    return isInternet && port === DNS_PORT && (type === SOCK_DGRAM || type === SOCK_STREAM);
  }

  /**
   * Whether the supervisor can answer in place of name servers. If that is not known yet, the call is decided anew as soon as it
   * is (ANSWERED). If it cannot, names are lost; the errno says whether the call is refused for that.
   */
  readiness(thread: Thread): "ready" | { readonly instead: Verdict } | { readonly lost: Verdict } {
    const state = this.#network.stateOr(() => this.#deferred());
    if (state === "open") return "ready";
    return state === "begins" ? { instead: ANSWERED } : { lost: this.#mediator.lost(NOT_WATCHED, thread.process) };
  }

  /** Connects the task to the supervisor at an address that was decided; the kernel is asked with the supervisor's copy of it. */
  connect(thread: Thread, number: number, socket: CalledSocket, address: Buffer): Verdict {
    const shouldWait = waits(socket.fd);
    return this.#exchanged(thread, number, socket, (fd) => {
      setWaits(fd, false);
      const connected = withinMoment(() => connect(fd, address));
      // It waited: another thread has made the socket wait since.
      const begun = connected === -EINTR ? -EINPROGRESS : connected;
      // In that network a connection is established before `connect` returns.
      const isThere = begun === -EINPROGRESS && pollNow(fd, POLLOUT) > 0;
      setWaits(fd, shouldWait);
      const result = isThere ? 0 : begun === -EINPROGRESS && shouldWait ? -ETIMEDOUT : begun;
      return result === 0 || result === -EINPROGRESS ? { result } : { failed: -result };
    });
  }

  /**
   * Gives the task a socket of the empty network instead of its own, for what it sends; the supervisor's duplicate of it, which
   * the caller closes, or the errno that the task's call fails with.
   */
  socketToSend(
    thread: Thread,
    number: number,
    socket: CalledSocket,
  ): { readonly fd: number } | { readonly failed: Verdict } {
    let kept = -1;
    const failed = this.#exchanged(thread, number, socket, (fd) => {
      kept = duplicate(fd);
      copyFlags(socket.fd, kept);
      return { result: undefined };
    });
    if (failed === 0 && kept >= 0) return { fd: kept };
    // A task can have it fail again and again: by a limit for descriptors that it has lowered since (RLIMIT_NOFILE).
    if (kept >= 0) closeSoon(kept);
    return { failed: failed || EMFILE };
  }

  /**
   * Calls `use` with a socket of the empty network, and puts it in the place of the task's, unless it is that already. Answers the
   * call with the result that `use` gives, if it gives one.
   */
  #exchanged(
    thread: Thread,
    number: number,
    socket: CalledSocket,
    use: (fd: number) => { readonly result: number | undefined } | { readonly failed: number },
  ): Verdict {
    const asker = askerOf(thread);
    const isTheirs = this.owns(socket);
    const fd = isTheirs ? socket.fd : this.#server.socketFor(asker, this.#network, socket.family, socket.type);
    if (fd < 0) return this.#mediator.lost(NOT_WATCHED, thread.process) || -fd;
    try {
      const used = use(fd);
      if ("failed" in used) return used.failed;
      // A connection that was dissolved has another port.
      if (isTheirs) this.#server.claim(fd, asker, socket.type);
      const put = isTheirs ? 0 : this.#listener.replace(fd, number, isClosedOnExec(thread, number));
      if (put < 0) return -put;
      if (used.result === undefined) return 0;
      if (used.result < 0) return -used.result;
      this.#listener.answer(0n);
      return ANSWERED;
    } finally {
      // The task has it by now, and may have closed its own.
      if (!isTheirs) closeSoon(fd);
    }
  }

  /** Whether names on the contour are looked up before an address is decided: the call is then decided anew (ANSWERED). */
  renews({ process }: Thread, { text }: Address): boolean {
    return this.#renewal.begins(text, process.handle, () => this.#deferred());
  }

  /** The call waits; the function has it decided anew. */
  #deferred(): () => void {
    const held = this.#listener.hold();
    return () => held.again();
  }

  /** Closes all that it has open: the process may live on, as an agent does. */
  close(): void {
    this.#nscd.close();
    this.#server.close();
    this.#upstream.close();
    this.#network.close();
  }
}

const NOT_WATCHED =
  "hosts were looked up unseen: there is no user namespace in which the supervisor could answer (see docs/guarantees/names.md)";

/** Whether a descriptor of a task is closed when it executes a program. */
function isClosedOnExec({ tid }: Thread, number: number): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(readProcFile(`/proc/${tid}/fdinfo/${number}`) ?? "")?.[1];
  return flags === undefined || (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0;
}
