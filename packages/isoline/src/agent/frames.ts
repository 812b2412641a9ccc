/**
 * What agent and client say to each other: one JSON object a line over a Unix socket. Every frame is bounded. Bytes travel as
 * `{"$bytes": BASE64}`.
 */
import type { Socket } from "node:net";
import { CliError } from "../error.ts";

const LINE_FEED = 0x0a;

/** In bytes. */
export interface Bounds {
  /** Of one frame that comes in. */
  readonly most: number;
  /** What may wait to be sent: the other end does not read. */
  readonly unsent: number;
}

export class Frames {
  /** Called for each frame, in order. What it throws ends the connection. */
  onFrame: (frame: unknown) => void = () => {};
  /** Called once, when the connection is over; with the reason, if it is not simply closed. */
  onOver: (why: string | undefined) => void = () => {};
  readonly #socket: Socket;
  readonly #bounds: Bounds;
  readonly #pieces: Buffer[] = [];
  #size = 0;
  #isOver = false;

  constructor(socket: Socket, bounds: Bounds) {
    this.#socket = socket;
    this.#bounds = bounds;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("error", (fault) => this.#end(fault.message));
    socket.on("close", () => this.#end(undefined));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  send(frame: object): void {
    if (this.#isOver) return;
    this.#socket.write(`${JSON.stringify(frame, packed)}\n`);
    if (this.#socket.writableLength > this.#bounds.unsent) this.drop("the other end does not read");
  }

  /** Ends the connection when everything is sent. */
  close(): void {
    this.#socket.end();
  }

  /** Ends the connection at once. */
  drop(why: string): void {
    this.#socket.destroy();
    this.#end(why);
  }

  #take(bytes: Buffer): void {
    let rest = bytes;
    for (let at = rest.indexOf(LINE_FEED); at >= 0 && !this.#isOver; at = rest.indexOf(LINE_FEED)) {
      this.#pieces.push(rest.subarray(0, at));
      this.#size += at;
      rest = rest.subarray(at + 1);
      if (this.#size > this.#bounds.most) return this.drop(`a frame of more than ${this.#bounds.most} bytes`);
      this.#hear(Buffer.concat(this.#pieces.splice(0)));
      this.#size = 0;
    }
    if (rest.length === 0) return;
    this.#pieces.push(rest);
    this.#size += rest.length;
    if (this.#size > this.#bounds.most) this.drop(`a frame of more than ${this.#bounds.most} bytes`);
  }

  #hear(line: Buffer): void {
    try {
      this.onFrame(JSON.parse(line.toString("utf8"), unpacked));
    } catch (fault) {
      const why = fault instanceof CliError ? fault.message : "a frame that is not understood";
      this.send({ say: "refused", code: "agent-refused", message: why });
      this.close();
      this.#end(why);
    }
  }

  #end(why: string | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.onOver(why);
  }
}

function packed(this: unknown, _key: string, value: unknown): unknown {
  // Buffers are turned into another form before this is called.
  const { type, data } = (value ?? {}) as { readonly type?: unknown; readonly data?: unknown };
  if (type === "Buffer" && Array.isArray(data)) return { $bytes: Buffer.from(data as number[]).toString("base64") };
  return value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString("base64") } : value;
}

function unpacked(_key: string, value: unknown): unknown {
  const packedBytes = (value as { readonly $bytes?: unknown } | null)?.$bytes;
  return typeof packedBytes === "string" ? Buffer.from(packedBytes, "base64") : value;
}
