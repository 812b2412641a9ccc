/** The transports that need the kernel's calls: Unix sockets, vsock, and devices that are read with a deadline. */
import { closeSync } from "node:fs";
import { awaitStream, openStream, readStream, type StreamAddress, writeStream } from "@isoline/linux";
import { CliError } from "../error.ts";
import type { Transport } from "./stream.ts";

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

/** Connects to an engine. `name` is its address as the user wrote it. */
export function openTransport(address: StreamAddress, name: string, milliseconds: number): Transport {
  const fd = openStream(address, milliseconds);
  if (fd >= 0) return overDescriptor(fd);
  throw new CliError(
    "no-engine",
    `cannot reach an engine at ${name} (errno ${-fd}); is isoline engine serve running there?`,
  );
}
