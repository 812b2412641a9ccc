/**
 * A thread that serves one sensor at a time, and waits in the kernel for the next. Each namespace has a thread of its own while it
 * lives, with memory of its own: what one sensor makes of its engine touches no other.
 */
import { createPrivateKey } from "node:crypto";
import { closeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { acceptStream, openStream } from "@isoline/linux";
import { publicKey, type TrustedKey } from "../store/signature/keys.ts";
import { lost } from "../wire/faults.ts";
import type { Identity } from "../wire/handshake.ts";
import { keyProver, keyVerifier } from "../wire/proof.ts";
import { overDescriptor } from "../wire/transport.ts";
import { isEnd, serveSession } from "./serve-session.ts";

export interface EngineThreadData {
  /** A listening socket, or the path of a device. */
  readonly at: number | string;
  /** The engine's private key, in PEM. */
  readonly key: string;
  readonly sensors: readonly TrustedKey[];
}

/** What the thread tells the main thread. */
export type EngineThreadMessage =
  /** It serves a sensor, over this descriptor. */
  | { readonly kind: "busy"; readonly fd: number }
  | { readonly kind: "began"; readonly peer: string }
  /** The session is over; `why` is left out where nothing was wrong. */
  | { readonly kind: "ended"; readonly peer: string | undefined; readonly why?: string };

/** The kernel does not tell when the other end of a port of virtio-serial is opened. */
const REOPENED_MS = 100;
const pause = new Int32Array(new SharedArrayBuffer(4));

const say = (message: EngineThreadMessage) => parentPort?.postMessage(message);

function serve({ at, key, sensors }: EngineThreadData): never {
  const pinned = sensors.map((sensor) => ({ name: sensor.name, key: publicKey(sensor) }));
  const identity = { prover: keyProver(createPrivateKey(key)), verifier: keyVerifier("sensor", pinned) };
  for (;;) {
    const fd = typeof at === "number" ? acceptStream(at) : openStream({ kind: "device", path: at }, 0);
    if (fd < 0) throw lost(`cannot take a connection (errno ${-fd})`);
    if (typeof at === "number") say({ kind: "busy", fd });
    const isUsed = serveOne(fd, identity, typeof at === "string");
    closeSync(fd);
    if (!isUsed) Atomics.wait(pause, 0, 0, REOPENED_MS);
  }
}

/** False if there was no other end. */
function serveOne(fd: number, identity: Identity, isDevice: boolean): boolean {
  let peer: string | undefined;
  try {
    serveSession(overDescriptor(fd), identity, (name) => {
      peer = name;
      say({ kind: "began", peer: name });
    });
  } catch (fault) {
    // A port without an other end is at its end from the beginning.
    if (isDevice && peer === undefined && isEnd(fault)) return false;
    const why = fault instanceof Error ? fault.message : String(fault);
    say({ kind: "ended", peer, ...(isEnd(fault) && peer !== undefined ? {} : { why }) });
  }
  return true;
}

serve(workerData as EngineThreadData);
