/** The server to which the compromised dependency reports: a listener on the loopback address, so that nothing leaves the machine. */
import { createServer, type Server } from "node:net";
import { CliError } from "../error.ts";

const ADDRESS = "127.0.0.1";
/** Any process on this machine may connect. */
const MOST_RECEIVED = 64 * 1024;

export class Attacker {
  readonly #server: Server;
  #connections = 0;
  #received = "";

  private constructor() {
    this.#server = createServer((socket) => {
      this.#connections += 1;
      socket.setEncoding("utf8");
      socket.on("data", (text: string) => {
        this.#received = (this.#received + text).slice(0, MOST_RECEIVED);
      });
      socket.on("error", () => socket.destroy());
    });
  }

  static async listen(): Promise<Attacker> {
    const attacker = new Attacker();
    await new Promise<void>((resolve, reject) => {
      attacker.#server.once("error", (fault) =>
        reject(new CliError("no-demo", `the demo cannot listen on ${ADDRESS}: ${fault.message}`, { cause: fault })),
      );
      attacker.#server.listen(0, ADDRESS, resolve);
    });
    return attacker;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  get connections(): number {
    return this.#connections;
  }

  /** The data that arrived since the last call. */
  takeReceived(): string {
    const received = this.#received;
    this.#received = "";
    this.#connections = 0;
    return received;
  }

  close(): void {
    this.#server.close();
  }
}
