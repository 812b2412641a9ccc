/**
 * What agent and client say to each other: one JSON object a line over a Unix socket. Every frame is bounded. Bytes travel as
 * `{"$bytes": BASE64}`.
 */
import type { Socket } from "node:net";
import { CliError } from "../error.ts";

const LINE_FEED = 0x0a;

export interface Bounds {
  /** Bytes of one frame that comes in. */
  readonly most: number;
  /** Bytes that may wait to be sent: the other end does not read. */
  readonly unsent: number;
  /** From strangers: bytes of each frame after the first, and frames a second after a first burst of them. */
  readonly strict?: { readonly later: number; readonly rate: number; readonly burst: number } | undefined;
}

/** A stranger that does not read what was sent last, or does not close its end, is waited for as long as this. */
const CLOSING_MS = 30_000;

export class Frames {
  /** Called for each frame, in order. What it throws ends the connection. */
  onFrame: (frame: unknown) => void = () => {};
  /** Called once, when the connection is over; with the reason, if it is not simply closed. */
  onOver: (why: string | undefined) => void = () => {};
  readonly #socket: Socket;
  readonly #bounds: Bounds;
  readonly #pieces: Buffer[] = [];
  #size = 0;
  #most: number;
  #isOver = false;
  /** Frames that may come now, and since when that number holds. */
  #allowance: number;
  #countedAt = performance.now();

  constructor(socket: Socket, bounds: Bounds) {
    this.#socket = socket;
    this.#bounds = bounds;
    this.#most = bounds.most;
    this.#allowance = bounds.strict?.burst ?? 0;
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
    if (this.#bounds.strict !== undefined) setTimeout(() => this.#socket.destroy(), CLOSING_MS).unref();
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
      if (this.#size > this.#most) return this.drop(`a frame of more than ${this.#most} bytes`);
      if (!this.#mayCome()) return this.drop("frames come faster than they may");
      this.#hear(Buffer.concat(this.#pieces.splice(0)));
      this.#size = 0;
    }
    if (rest.length === 0) return;
    this.#pieces.push(rest);
    this.#size += rest.length;
    if (this.#size > this.#most) this.drop(`a frame of more than ${this.#most} bytes`);
  }

  /** Whether one more frame may come by now. */
  #mayCome(): boolean {
    const { strict } = this.#bounds;
    if (strict === undefined) return true;
    const now = performance.now();
    const gained = ((now - this.#countedAt) * strict.rate) / 1000;
    this.#allowance = Math.min(strict.burst, this.#allowance + gained) - 1;
    this.#countedAt = now;
    this.#most = strict.later;
    return this.#allowance >= 0;
  }

  #hear(line: Buffer): void {
    try {
      // A function for each value takes ten times as long, and strangers send no bytes in this form.
      const revive = this.#bounds.strict === undefined ? unpacked : undefined;
      this.onFrame(JSON.parse(line.toString("utf8"), revive));
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
