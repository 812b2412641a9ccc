/** The transports that need the kernel's calls: Unix sockets, vsock, and devices that are read with a deadline. */
import { closeSync } from "node:fs";
import { awaitStream, openStream, readStream, type StreamAddress, writeStream } from "@isoline/linux";
import { CliError } from "../error.ts";
import type { Transport } from "./stream.ts";

const DRAINED = 64 * 1024;

/** A transport over a descriptor that does not block. */
export function overDescriptor(fd: number): Transport {
  let isOpen = true;
  return {
    read: (bytes) => readStream(fd, bytes),
    write: (bytes) => writeStream(fd, bytes),
    await: (to, milliseconds) => awaitStream(fd, to, milliseconds),
    // Its number may be another file's by the second time.
    close: () => {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}

/**
 * A transport over a device, which carries one session after another. The device stays open between them: the kernel throws away what
 * came before a device is closed, and the next session may have begun already.
 */
export class DeviceTransport implements Transport {
  readonly #fd: number;
  #held: Buffer = Buffer.alloc(0);

  constructor(fd: number) {
    this.#fd = fd;
  }

  read(bytes: Buffer): number {
    if (this.#held.length === 0) return readStream(this.#fd, bytes);
    const count = this.#held.copy(bytes);
    this.#held = this.#held.subarray(count);
    return count;
  }

  write(bytes: Buffer): number {
    return writeStream(this.#fd, bytes);
  }

  await(to: "read" | "write", milliseconds: number): boolean {
    return awaitStream(this.#fd, to, milliseconds);
  }

  unread(bytes: Buffer): void {
    this.#held = Buffer.concat([bytes, this.#held]);
  }

  /** Throws away what is left of a session that was refused. */
  drain(): void {
    this.#held = Buffer.alloc(0);
    const rest = Buffer.alloc(DRAINED);
    while (readStream(this.#fd, rest) > 0);
  }

  /** A session has ended; the device has not. */
  close(): void {}
}

/** Connects to an engine. `name` is its address as the user wrote it. */
export function openTransport(address: StreamAddress, name: string, milliseconds: number): Transport {
  const fd = openStream(address, milliseconds);
  if (fd >= 0) return overDescriptor(fd);
  throw new CliError(
    "no-engine",
    `cannot reach an engine at ${name} (errno ${-fd}); is isoline engine serve running there?`,
  );
}
