/** A receiver of OTLP that keeps what is pushed to it, and may be made to refuse pushes or never to answer. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export class OtlpReceiver {
  /** The bodies that it took, oldest first. */
  readonly pushes: Buffer[] = [];
  status = 200;
  /** It reads, and does not answer. */
  holds = false;
  readonly #server = createServer((request, response) => {
    void buffer(request).then((body) => {
      if (this.holds) return;
      if (this.status === 200) this.pushes.push(body);
      response.writeHead(this.status).end(this.status === 200 ? "" : "<html>");
    });
  });

  /** Returns the address that takes metrics. */
  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await new Promise((resolve) => this.#server.once("listening", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/metrics`;
  }

  get newest(): Buffer {
    return this.pushes.at(-1) as Buffer;
  }

  connections(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_, number) => resolve(number)));
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
