/** A TPM behind a stream socket that carries plain commands: swtpm's data channel, by Unix socket or TCP. */
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { AttestError } from "../../error.ts";
import { HEADER, MOST_RESPONSE, type Transport } from "./transport.ts";

export class SocketTransport implements Transport {
  readonly #socket: Socket;
  readonly #address: string;
  #received: Buffer[] = [];
  #waiting: { resolve: (response: Buffer) => void; reject: (fault: Error) => void } | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #fault: Error | undefined;

  private constructor(socket: Socket, address: string, patienceMs: number) {
    this.#socket = socket;
    this.#address = address;
    socket.setTimeout(patienceMs);
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("timeout", () => this.#fail(`no answer within ${patienceMs / 1000} seconds`));
    socket.on("error", (fault) => this.#fail(fault.message));
    socket.on("close", () => this.#fail("it closed the connection"));
  }

  static async open(options: NetConnectOpts, address: string, patienceMs: number): Promise<SocketTransport> {
    const socket = connect(options);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", (fault) => reject(unreachable(address, fault.message)));
    });
    socket.removeAllListeners("error");
    return new SocketTransport(socket, address, patienceMs);
  }

  exchange(command: Uint8Array): Promise<Buffer> {
    const answer = this.#queue.then(() => this.#send(command));
    this.#queue = answer.catch(() => undefined);
    return answer;
  }

  close(): void {
    this.#fault ??= unreachable(this.#address, "the connection was closed here");
    this.#socket.destroy();
  }

  #send(command: Uint8Array): Promise<Buffer> {
    if (this.#fault) return Promise.reject(this.#fault);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(command);
    });
  }

  #take(bytes: Buffer): void {
    this.#received.push(bytes);
    const all = Buffer.concat(this.#received);
    if (all.length < HEADER) return;
    const length = all.readUInt32BE(2);
    if (length < HEADER || length > MOST_RESPONSE || all.length > length)
      return this.#fail(`it announced ${length} bytes and sent ${all.length}`);
    if (all.length < length) return;
    this.#received = [];
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return this.#fail("it sent a response to nothing");
    waiting.resolve(all);
  }

  #fail(why: string): void {
    this.#fault ??= unreachable(this.#address, why);
    this.#waiting?.reject(this.#fault);
    this.#waiting = undefined;
    this.#socket.destroy();
  }
}

export function unreachable(address: string, why: string): AttestError {
  return new AttestError(
    "tpm-unreachable",
    `cannot use the TPM at ${address}: ${why}; check that it runs and that you may use it`,
  );
}
