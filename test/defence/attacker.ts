/**
 * The server of an attacker, on loopback: it stores what it is sent, serves a program, accepts bots. A second port stands for
 * the metadata service of a cloud.
 */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** The program that it serves. */
export const SCANNER = "/usr/bin/touch";

export class Attacker {
  readonly #servers: readonly Server[];
  /** Every request that reached it: method, path, body. */
  readonly reached: { readonly request: string; readonly body: string }[] = [];

  private constructor() {
    this.#servers = [0, 1].map(() =>
      createServer((request, response) => {
        let body = "";
        request.on("data", (part: Buffer) => {
          body += part.toString("utf8");
        });
        request.on("end", () => {
          this.reached.push({ request: `${request.method} ${request.url}`, body });
          response.end(request.url === "/scanner" ? readFileSync(SCANNER) : "{}");
        });
      }),
    );
  }

  static async open(): Promise<Attacker> {
    const attacker = new Attacker();
    for (const server of attacker.#servers) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    return attacker;
  }

  get ports(): { readonly attacker: number; readonly metadata: number } {
    const [attacker = 0, metadata = 0] = this.#servers.map((server) => (server.address() as AddressInfo).port);
    return { attacker, metadata };
  }

  close(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}
