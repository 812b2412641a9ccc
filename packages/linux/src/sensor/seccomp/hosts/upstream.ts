/** The name servers of the machine, asked by the supervisor: each question from a socket and with an id of its own. */
import { randomInt } from "node:crypto";
import { EAGAIN, EINPROGRESS } from "../../../abi/errno.ts";
import { close } from "../../../abi/libc.ts";
import { connect, openSocket, receive, send, SOCK_DGRAM, SOCK_STREAM } from "../../../abi/sockets.ts";
import { isAnswerTo, makeQuestion, type Question } from "../../names/message.ts";
import { socketAddress } from "../../names/socket-address.ts";
import { POLLIN, POLLOUT, type Watches } from "../listener/watches.ts";

const PORT = 53;
/** How long a server has to answer before the next is asked; resolvers of programs wait for five seconds. */
const PATIENCE_MS = 2000;
const ROUNDS = 2;
const MOST_AT_ONCE = 256;
const LONGEST = 65_535;

type Answered = (answer: Buffer | undefined) => void;

export class Upstream {
  readonly #watches: Watches;
  readonly #servers: readonly Buffer[];
  readonly #open = new Set<number>();
  #asked = 0;

  constructor(watches: Watches, servers: readonly string[]) {
    this.#watches = watches;
    this.#servers = servers.flatMap((server) => socketAddress(server, PORT) ?? []);
  }

  /** Asks one server after the other, by datagram or by stream; `answered` gets undefined if none answers. */
  ask(question: Question, by: "datagram" | "stream", answered: Answered): void {
    if (this.#asked >= MOST_AT_ONCE) return answered(undefined);
    this.#asked += 1;
    const done: Answered = (answer) => {
      this.#asked -= 1;
      answered(answer);
    };
    this.#askFrom(0, question, by, done);
  }

  #askFrom(turn: number, question: Question, by: "datagram" | "stream", answered: Answered): void {
    const server = this.#servers[turn % Math.max(this.#servers.length, 1)];
    if (server === undefined || turn >= ROUNDS * this.#servers.length) return answered(undefined);
    const next = () => this.#askFrom(turn + 1, question, by, answered);
    const socket = openSocket(server.readUInt16LE(0), by === "datagram" ? SOCK_DGRAM : SOCK_STREAM);
    if (socket < 0) return next();
    const begun = connect(socket, server);
    if (begun < 0 && begun !== -EINPROGRESS) {
      close(socket);
      return next();
    }
    this.#open.add(socket);
    const id = randomInt(0x1_0000);
    const ended = (answer: Buffer | undefined) => {
      this.#end(socket);
      if (answer === undefined) next();
      else answered(answer);
    };
    const late = { after: PATIENCE_MS, call: () => ended(undefined) };
    const isOurs = (bytes: Buffer) => isAnswerTo(bytes, id, question);
    const message = makeQuestion(question, id);
    if (by === "datagram") this.#byDatagram(socket, message, isOurs, ended, late);
    else this.#byStream(socket, message, isOurs, ended, late);
  }

  /** Ends what is under way, without an answer. */
  close(): void {
    for (const socket of [...this.#open]) this.#end(socket);
  }

  #end(socket: number): void {
    this.#watches.end(socket);
    this.#open.delete(socket);
    close(socket);
  }

  #byDatagram(
    socket: number,
    message: Buffer,
    isOurs: (bytes: Buffer) => boolean,
    ended: Answered,
    late: { after: number; call: () => void },
  ): void {
    if (send(socket, message) !== message.length) return ended(undefined);
    const ready = () => {
      const bytes: Buffer = Buffer.alloc(LONGEST);
      const length = receive(socket, bytes);
      if (length < 0) return length === -EAGAIN ? undefined : ended(undefined);
      // Any other datagram is not the answer, which may still come.
      const answer = bytes.subarray(0, length);
      return isOurs(answer) ? ended(Buffer.from(answer)) : undefined;
    };
    this.#watches.watch(socket, { events: POLLIN, ready, late });
  }

  #byStream(
    socket: number,
    message: Buffer,
    isOurs: (bytes: Buffer) => boolean,
    ended: Answered,
    late: { after: number; call: () => void },
  ): void {
    const length: Buffer = Buffer.alloc(2);
    length.writeUInt16BE(message.length);
    let received: Buffer = Buffer.alloc(0);
    const read = () => {
      const piece: Buffer = Buffer.alloc(LONGEST);
      const got = receive(socket, piece);
      if (got === -EAGAIN) return undefined;
      if (got <= 0) return ended(undefined);
      received = Buffer.concat([received, piece.subarray(0, got)]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return undefined;
      const answer = received.subarray(2, 2 + received.readUInt16BE(0));
      return ended(isOurs(answer) ? Buffer.from(answer) : undefined);
    };
    const begin = () => {
      const whole = Buffer.concat([length, message]);
      if (send(socket, whole) !== whole.length) return ended(undefined);
      return this.#watches.watch(socket, { events: POLLIN, ready: read, late });
    };
    this.#watches.watch(socket, { events: POLLOUT, ready: begin, late });
  }
}
