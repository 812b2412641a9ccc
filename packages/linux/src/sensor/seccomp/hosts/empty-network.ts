/**
 * A network namespace that is empty but for the supervisor: every address in it is local, and the supervisor listens at port 53
 * of them all. A task's socket from there reaches the supervisor, whatever address the task names, and nothing else.
 *
 * It needs a user namespace. It is made when it is first needed, by a program that lives as long as the supervisor.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EAGAIN } from "../../../abi/errno.ts";
import { close, poll } from "../../../abi/libc.ts";
import { receiveDescriptor } from "../../../abi/passing.ts";
import { send, setWaits, streamPair } from "../../../abi/sockets.ts";
import { POLLIN, type Watches } from "../listener/watches.ts";
import { networkOf } from "../surroundings/networks.ts";

const START_MS = 10_000;
/** Time that the program has for a socket, in steps; it takes some 100 µs. */
const SOCKET_MS = 1000;
const PROGRAM = "./network-program.js";

/** The sockets at which the supervisor listens there. */
export interface Listening {
  readonly datagrams: number;
  readonly streams: number;
}

export class EmptyNetwork {
  readonly #watches: Watches;
  readonly #began: (pid: number) => void;
  readonly #opened: (listening: Listening) => void;
  #state: "none" | "begins" | "open" | "absent" = "none";
  #channel = -1;
  /** The sockets at which the supervisor listens there, in the order in which they come. */
  readonly #listening: number[] = [];
  #waiting: (() => void)[] = [];
  /** The number that its sockets report (SO_NETNS_COOKIE). */
  #number = "";

  /** `began` is told the process that makes it, `opened` the sockets at which to listen. */
  constructor(watches: Watches, began: (pid: number) => void, opened: (listening: Listening) => void) {
    this.#watches = watches;
    this.#began = began;
    this.#opened = opened;
  }

  /** `open`, or `absent` if there can be none; otherwise it begins, and `then` is called as soon as one of the two is known. */
  stateOr(then: () => () => void): "open" | "absent" | "begins" {
    if (this.#state === "none") this.#begin();
    if (this.#state === "open" || this.#state === "absent") return this.#state;
    this.#waiting.push(then());
    return "begins";
  }

  /** Whether a socket is one of this network. */
  has(network: string): boolean {
    return network !== "" && network === this.#number;
  }

  /** A socket of this network, which does not block; a negative errno if there is none. */
  socket(family: number, type: number): number {
    const request: Buffer = Buffer.alloc(8);
    request.writeInt32LE(family, 0);
    request.writeInt32LE(type, 4);
    if (send(this.#channel, request) !== request.length) return this.#fail();
    const until = performance.now() + SOCKET_MS;
    const entry: Buffer = Buffer.alloc(8);
    entry.writeInt32LE(this.#channel, 0);
    entry.writeInt32LE(POLLIN, 4);
    // A doorbell signal interrupts it.
    while (poll(entry, 1, Math.max(0, Math.ceil(until - performance.now()))) <= 0)
      if (performance.now() > until) return this.#fail();
    return receiveDescriptor(this.#channel);
  }

  #begin(): void {
    this.#state = "begins";
    const pair = streamPair();
    if (typeof pair === "number") return this.#settle("absent");
    const [ours, theirs] = pair;
    setWaits(theirs, true);
    this.#channel = ours;
    const program = fileURLToPath(new URL(PROGRAM, import.meta.url));
    const maker = spawn("unshare", ["--user", "--map-root-user", "--net", "--", process.execPath, program], {
      stdio: ["ignore", "ignore", "ignore", theirs],
      // In another session: signals of the terminal are not meant for it.
      detached: true,
      cwd: "/",
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" },
    });
    // Without it the channel has ended, which is seen by itself.
    maker.on("error", () => {});
    maker.unref();
    close(theirs);
    if (maker.pid !== undefined) this.#began(maker.pid);
    this.#watches.watch(ours, {
      events: POLLIN,
      ready: () => this.#hear(),
      late: { after: START_MS, call: () => this.#settle("absent") },
    });
  }

  /** The first two messages bring the sockets at which to listen. */
  #hear(): void {
    const descriptor = receiveDescriptor(this.#channel);
    if (descriptor === -EAGAIN) return;
    if (descriptor < 0) return this.#settle("absent");
    this.#listening.push(descriptor);
    const [datagrams, streams] = this.#listening;
    if (datagrams === undefined || streams === undefined) return;
    this.#number = networkOf(streams);
    this.#opened({ datagrams, streams });
    this.#settle("open");
  }

  #settle(state: "open" | "absent"): void {
    this.#watches.end(this.#channel);
    this.#state = state;
    for (const go of this.#waiting.splice(0)) go();
  }

  #fail(): number {
    this.#state = "absent";
    return -EAGAIN;
  }

  /** The network is gone with the last of its sockets, and the program that made it with the channel. */
  close(): void {
    for (const fd of [this.#channel, ...this.#listening.splice(0)]) {
      this.#watches.end(fd);
      if (fd >= 0) close(fd);
    }
    this.#channel = -1;
  }
}
