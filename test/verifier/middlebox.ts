/** What is between a verifier and its database: it forwards connections, until it forgets some of them without a word to either side. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { PostgresServer } from "./postgres.ts";

interface Forwarded {
  readonly sockets: readonly Socket[];
  listens: boolean;
  isForgotten: boolean;
}

export class Middlebox {
  readonly #server: Server;
  readonly #forwarded = new Set<Forwarded>();

  private constructor(behind: PostgresServer) {
    this.#server = createServer((client) => this.#forward(client, connect(join(behind.place, ".s.PGSQL.5432"))));
  }

  static async before(behind: PostgresServer): Promise<Middlebox> {
    const box = new Middlebox(behind);
    await once(box.#server.listen(0, "127.0.0.1"), "listening");
    return box;
  }

  /** An address of the database as it is to be used through here. */
  through(address: string): string {
    const through = new URL(address);
    through.searchParams.delete("host");
    through.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return through.href;
  }

  /** Forwards nothing more on the connections that there are, or on those that listen for messages: how many. New ones work. */
  forget(which: "all" | "listening"): number {
    const some = [...this.#forwarded].filter(
      ({ listens, isForgotten }) => !isForgotten && (listens || which === "all"),
    );
    for (const one of some) one.isForgotten = true;
    return some.length;
  }

  async close(): Promise<void> {
    for (const { sockets } of this.#forwarded) for (const socket of sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #forward(client: Socket, database: Socket): void {
    const one: Forwarded = { sockets: [client, database], listens: false, isForgotten: false };
    this.#forwarded.add(one);
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      from.on("data", (bytes) => {
        one.listens ||= bytes.includes("listen isoline_");
        if (!one.isForgotten) to.write(bytes);
      });
      from.on("error", () => {});
      from.on("close", () => {
        if (!one.isForgotten) to.destroy();
      });
    }
  }
}
