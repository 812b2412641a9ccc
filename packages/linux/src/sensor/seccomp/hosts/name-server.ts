/**
 * The name server that tasks reach instead of any other: the supervisor, in the empty network.
 *
 * A question is decided like any act of the task whose socket it came from. One that is allowed is asked anew, of the machine's
 * own name servers; one that is refused does not leave. An answer is known here before the task gets it.
 */
import { close, getsockname } from "../../../abi/libc.ts";
import { accept, bind, peerName, receive, send, SOCK_STREAM } from "../../../abi/sockets.ts";
import { receiveAddressed, sendAddressed } from "../../../abi/addressed.ts";
import type { HostTable } from "../../names/host-table.ts";
import {
  answerFor,
  formatError,
  isTruncated,
  type Question,
  readAddresses,
  readQuestion,
  refusal,
} from "../../names/message.ts";
import { AF_INET6 } from "../../words/sockets.ts";
import { POLLIN, type Watches } from "../listener/watches.ts";
import type { Asker, Lookups } from "./lookups.ts";
import type { EmptyNetwork, Listening } from "./empty-network.ts";
import type { Upstream } from "./upstream.ts";

/** A longer question is no question: a name has 255 bytes. */
const LONGEST_QUESTION = 4096;
const DATAGRAMS_AT_ONCE = 64;
const MOST_STREAMS = 64;
const STREAM_PATIENCE_MS = 10_000;
const ACCEPT_AGAIN_MS = 20;
const LONGEST_ANSWER = 65_535;
/** Sockets that are remembered; the range of ports has some 28 000. */
const MOST_SOCKETS = 32_768;

type Transport = "udp" | "tcp";

export class NameServer {
  readonly #watches: Watches;
  readonly #table: HostTable;
  readonly #lookups: Lookups;
  readonly #upstream: Upstream;
  /**
   * By transport and port: the socket of the task is bound before the task gets it, and the kernel gives no port to sockets of both
   * families, because one of IPv6 speaks IPv4 as well.
   */
  readonly #askers = new Map<string, Asker>();
  /** Each ends one. */
  readonly #streams = new Set<() => void>();

  constructor(watches: Watches, table: HostTable, lookups: Lookups, upstream: Upstream) {
    this.#watches = watches;
    this.#table = table;
    this.#lookups = lookups;
    this.#upstream = upstream;
  }

  listen({ datagrams, streams }: Listening): void {
    this.#watches.watch(datagrams, { events: POLLIN, ready: () => this.#readDatagrams(datagrams) });
    this.#awaitStreams(streams);
  }

  /** Ends the streams; the sockets at which it listens are not its own. */
  close(): void {
    for (const end of [...this.#streams]) end();
  }

  /** A socket of the empty network with a port of its own, for a task; a negative errno if there is none. */
  socketFor(asker: Asker, network: EmptyNetwork, family: number, type: number): number {
    const socket = network.socket(family, type);
    if (socket < 0) return socket;
    const any: Buffer = Buffer.alloc(family === AF_INET6 ? 28 : 16);
    any.writeUInt16LE(family, 0);
    const bound = bind(socket, any);
    if (bound < 0) {
      close(socket);
      return bound;
    }
    this.claim(socket, asker, type);
    return socket;
  }

  /** What is asked on this socket from now on is asked by this task. */
  claim(socket: number, asker: Asker, type: number): void {
    const own: Buffer = Buffer.alloc(28);
    const length: Buffer = Buffer.from([own.length, 0, 0, 0]);
    if (getsockname(socket, own, length) < 0) return;
    const key = keyOf(type === SOCK_STREAM ? "tcp" : "udp", own.readUInt16BE(2));
    this.#askers.delete(key);
    this.#askers.set(key, asker);
    if (this.#askers.size > MOST_SOCKETS) this.#askers.delete(this.#askers.keys().next().value as string);
  }

  #readDatagrams(socket: number): void {
    for (let times = 0; times < DATAGRAMS_AT_ONCE; times++) {
      const datagram = receiveAddressed(socket, LONGEST_QUESTION);
      if (datagram === undefined) return;
      this.#answer(datagram.bytes, this.#askerAt("udp", datagram.from), "datagram", (answer) =>
        sendAddressed(socket, answer, datagram),
      );
    }
  }

  #awaitStreams(listening: number): void {
    this.#watches.watch(listening, { events: POLLIN, ready: () => this.#accept(listening) });
  }

  /** A stream that cannot be accepted, for want of descriptors, goes on showing: it would be tried without a pause. */
  #accept(listening: number): void {
    const socket = accept(listening);
    if (socket < 0) {
      const again = { after: ACCEPT_AGAIN_MS, call: () => this.#awaitStreams(listening) };
      this.#watches.watch(listening, { events: 0, ready: () => {}, late: again });
      return;
    }
    const from: Buffer = Buffer.alloc(28);
    const length = peerName(socket, from);
    if (length < 0 || this.#streams.size >= MOST_STREAMS) {
      close(socket);
      return;
    }
    this.#readStream(socket, this.#askerAt("tcp", from.subarray(0, length)));
  }

  /** Questions on a stream come one after the other, each after its length. */
  #readStream(socket: number, asker: Asker | undefined): void {
    let received: Buffer = Buffer.alloc(0);
    let isOpen = true;
    const end = () => {
      if (!isOpen) return;
      isOpen = false;
      this.#watches.end(socket);
      close(socket);
      this.#streams.delete(end);
    };
    this.#streams.add(end);
    const tell = (answer: Buffer) => {
      const length: Buffer = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      const whole = Buffer.concat([length, answer]);
      if (isOpen && send(socket, whole) !== whole.length) end();
    };
    const ready = () => {
      const piece: Buffer = Buffer.alloc(LONGEST_QUESTION + 2);
      const length = receive(socket, piece);
      if (length <= 0) return end();
      received = Buffer.concat([received, piece.subarray(0, length)]);
      while (isOpen && received.length >= 2) {
        const size = received.readUInt16BE(0);
        if (size > LONGEST_QUESTION) return end();
        if (received.length < 2 + size) return undefined;
        const question = Buffer.from(received.subarray(2, 2 + size));
        received = received.subarray(2 + size);
        this.#answer(question, asker, "stream", tell);
      }
      return undefined;
    };
    this.#watches.watch(socket, { events: POLLIN, ready, late: { after: STREAM_PATIENCE_MS, call: end } });
  }

  #askerAt(transport: Transport, from: Buffer): Asker | undefined {
    return from.length < 4 ? undefined : this.#askers.get(keyOf(transport, from.readUInt16BE(2)));
  }

  #answer(bytes: Buffer, asker: Asker | undefined, by: "datagram" | "stream", tell: (answer: Buffer) => void): void {
    if (asker === undefined) {
      this.#lookups.unknown();
      return;
    }
    const question = readQuestion(bytes);
    if (question === undefined) {
      this.#lookups.malformed(asker);
      const answer = formatError(bytes);
      if (answer !== undefined) tell(answer);
      return;
    }
    this.#lookups.ask(asker, question.name, question.records, (may) => {
      if (!may) return tell(refusal(question, "no-such-name"));
      return this.#upstream.ask(question, by, (answer) => tell(this.#answered(question, asker, by, answer)));
    });
  }

  #answered(question: Question, { thread }: Asker, by: "datagram" | "stream", answer: Buffer | undefined): Buffer {
    const found = answer && readAddresses(answer, question);
    if (answer === undefined || found === undefined) return refusal(question, "server-failure");
    for (const { address, seconds } of found) this.#table.add(question.name, address, seconds, thread.process.handle);
    const most = by === "stream" ? LONGEST_ANSWER : isTruncated(answer) ? 0 : question.size;
    return answerFor(question, answer, most);
  }
}

function keyOf(transport: Transport, port: number): string {
  return `${transport} ${port}`;
}
