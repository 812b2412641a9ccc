/**
 * The port on which a machine is spoken to: a stream of bytes from a device of virtio-serial. A request is a line of words, and
 * where its last word is a number of bytes, these bytes. An answer is `ok BYTES` or `refused BYTES`, a line, with its bytes.
 */
import { type FileHandle, open, readdir, readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { CliError } from "../error.ts";

const DEVICES = "/sys/class/virtio-ports";
const MOST_LINE = 1024;
const CHUNK = 64 * 1024;
/** While no pusher is connected, the device answers at once that there is nothing. */
const UNCONNECTED_MS = 100;

/** A pusher that has gone leaves the rest of its request out: what came of it is forgotten. */
export class Gone extends Error {}

/** Opens the port of this name. The kernel lets one process at a time have it. */
export async function openPort(name: string): Promise<Port> {
  for (const device of await readdir(DEVICES)) {
    const found = await readFile(`${DEVICES}/${device}/name`, "latin1");
    if (found.trim() === name) return new Port(await open(`/dev/${device}`, "r+"));
  }
  throw new CliError("cannot-read", `expected a port of virtio-serial called ${name}; add one to the machine`);
}

/** What a port reads from and writes to. */
export type Stream = Pick<FileHandle, "read" | "write">;

export class Port {
  readonly #stream: Stream;
  #held: Buffer = Buffer.alloc(0);

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** The words of the next request. A line that is too long ends the connection's bytes up to now. */
  async request(): Promise<string[]> {
    for (;;) {
      const end = this.#held.indexOf(0x0a);
      if (end >= 0)
        return this.#take(end + 1)
          .toString("latin1", 0, end)
          .split(" ");
      if (this.#held.length > MOST_LINE) this.#held = Buffer.alloc(0);
      if (!(await this.#more())) {
        this.#held = Buffer.alloc(0);
        await pause(UNCONNECTED_MS);
      }
    }
  }

  /** The bytes that follow a request. */
  async bytes(count: number): Promise<Buffer> {
    const parts = [this.#take(Math.min(count, this.#held.length))];
    for (let missing = count - (parts[0]?.length ?? 0); missing > 0; ) {
      if (!(await this.#more())) throw new Gone("the pusher has gone");
      const part = this.#take(Math.min(missing, this.#held.length));
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async answer(word: "ok" | "refused", bytes: Uint8Array): Promise<void> {
    const all = Buffer.concat([Buffer.from(`${word} ${bytes.length}\n`), bytes]);
    for (let at = 0; at < all.length; ) at += (await this.#stream.write(all, at, all.length - at)).bytesWritten;
  }

  #take(count: number): Buffer {
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  async #more(): Promise<boolean> {
    const { bytesRead, buffer } = await this.#stream.read(Buffer.alloc(CHUNK), 0, CHUNK, null);
    this.#held = Buffer.concat([this.#held, buffer.subarray(0, bytesRead)]);
    return bytesRead > 0;
  }
}
