/** A TPM behind a device of the kernel: /dev/tpmrm0, whose resource manager shares it. One write is a command, one read its response. */
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { unreachable } from "./socket.ts";
import { MOST_RESPONSE, type Transport } from "./transport.ts";

export class DeviceTransport implements Transport {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #patienceMs: number;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(file: FileHandle, path: string, patienceMs: number) {
    this.#file = file;
    this.#path = path;
    this.#patienceMs = patienceMs;
  }

  static async open(path: string, patienceMs: number): Promise<DeviceTransport> {
    try {
      return new DeviceTransport(await open(path, "r+"), path, patienceMs);
    } catch (fault) {
      throw unreachable(path, (fault as Error).message);
    }
  }

  exchange(command: Uint8Array): Promise<Buffer> {
    const answer = this.#queue.then(() => this.#inTime(this.#send(command)));
    this.#queue = answer.catch(() => undefined);
    return answer;
  }

  close(): void {
    void this.#file.close();
  }

  /** A read of the device cannot be interrupted; its thread is given up. */
  async #inTime(answer: Promise<Buffer>): Promise<Buffer> {
    const over = new AbortController();
    const late = setTimeout(this.#patienceMs, undefined, { signal: over.signal, ref: false }).then(
      () => Promise.reject(unreachable(this.#path, `no answer within ${this.#patienceMs / 1000} seconds`)),
      () => answer,
    );
    try {
      return await Promise.race([answer, late]);
    } finally {
      over.abort();
    }
  }

  async #send(command: Uint8Array): Promise<Buffer> {
    try {
      await this.#file.write(command, 0, command.length, null);
      const response = Buffer.alloc(MOST_RESPONSE);
      const { bytesRead } = await this.#file.read(response, 0, response.length, null);
      return response.subarray(0, bytesRead);
    } catch (fault) {
      throw unreachable(this.#path, (fault as Error).message);
    }
  }
}
