/**
 * A thread that serves one sensor at a time, and waits in the kernel for the next. Each namespace has a thread of its own while it
 * lives, with memory of its own: what one sensor makes of its engine touches no other.
 */
import { createPrivateKey } from "node:crypto";
import { closeSync } from "node:fs";
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { acceptStream, openStream } from "@isoline/linux";
import { publicKey, type TrustedKey } from "../store/signature/keys.ts";
import { lost } from "../wire/faults.ts";
import type { Identity } from "../wire/handshake.ts";
import { quoteProver } from "../wire/measured-proof.ts";
import { keyProver, keyVerifier, type Prover } from "../wire/proof.ts";
import type { Transport } from "../wire/stream.ts";
import { DeviceTransport, overDescriptor } from "../wire/transport.ts";
import { isEnd, serveSession } from "./serve-session.ts";

export interface EngineThreadData {
  /** A listening socket, or the path of a device. */
  readonly at: number | string;
  /** The engine's private key, in PEM, or the way to the machine's TPM. */
  readonly proves: string | QuoteSource;
  readonly sensors: readonly TrustedKey[];
}

/** Where a thread that serves a sensor asks the main thread for a quote: the thread blocks, so it cannot speak to a TPM itself. */
export interface QuoteSource {
  readonly port: MessagePort;
  /** One number, which the main thread raises when it has answered. */
  readonly turn: Int32Array<SharedArrayBuffer>;
}

/** What a thread asks for, and what comes back through the port. An answer that comes too late has another number. */
export interface QuoteQuestion {
  readonly number: number;
  readonly qualifying: Uint8Array;
}
export type QuoteAnswer = { readonly number: number } & ({ readonly quote: Uint8Array } | { readonly failed: string });

/** What the thread tells the main thread. */
export type EngineThreadMessage =
  /** It serves a sensor, over this descriptor. */
  | { readonly kind: "busy"; readonly fd: number }
  | { readonly kind: "began"; readonly peer: string }
  /** The session is over; `why` is left out where nothing was wrong. */
  | { readonly kind: "ended"; readonly peer: string | undefined; readonly why?: string };

/** The kernel does not tell when the other end of a port of virtio-serial is opened. */
const REOPENED_MS = 100;
/** A sensor waits a minute for what an engine proves, and a TPM makes its key anew for each quote. */
const QUOTED_MS = 30_000;
const pause = new Int32Array(new SharedArrayBuffer(4));

const say = (message: EngineThreadMessage) => parentPort?.postMessage(message);

function serve({ at, proves, sensors }: EngineThreadData): never {
  const pinned = sensors.map((sensor) => ({ name: sensor.name, key: publicKey(sensor) }));
  const prover = typeof proves === "string" ? keyProver(createPrivateKey(proves)) : sourceProver(proves);
  const identity = { prover, verifier: keyVerifier("sensor", pinned) };
  if (typeof at === "string") serveDevice(at, identity);
  for (;;) {
    const fd = acceptStream(at);
    if (fd < 0) throw lost(`cannot take a connection (errno ${-fd})`);
    say({ kind: "busy", fd });
    serveOne(overDescriptor(fd), identity, false);
    closeSync(fd);
  }
}

function serveDevice(path: string, identity: Identity): never {
  const fd = openStream({ kind: "device", path }, 0);
  if (fd < 0) throw lost(`cannot open ${path} (errno ${-fd})`);
  const transport = new DeviceTransport(fd);
  for (;;) {
    const came = serveOne(transport, identity, true);
    if (came === "nothing") Atomics.wait(pause, 0, 0, REOPENED_MS);
    if (came === "refused") transport.drain();
  }
}

function sourceProver({ port, turn }: QuoteSource): Prover {
  let asked = 0;
  return quoteProver((qualifying) => {
    const number = ++asked;
    port.postMessage({ number, qualifying: Uint8Array.from(qualifying) } satisfies QuoteQuestion);
    const answer = answerTo(number, { port, turn });
    if (answer !== undefined && "quote" in answer) return answer.quote;
    throw lost(`cannot prove this machine: ${answer?.failed ?? "its TPM did not answer in time"}`);
  });
}

function answerTo(number: number, { port, turn }: QuoteSource): QuoteAnswer | undefined {
  const until = performance.now() + QUOTED_MS;
  for (;;) {
    const before = Atomics.load(turn, 0);
    for (let told = receiveMessageOnPort(port); told !== undefined; told = receiveMessageOnPort(port)) {
      const answer = told.message as QuoteAnswer;
      if (answer.number === number) return answer;
    }
    const left = until - performance.now();
    if (left <= 0) return undefined;
    Atomics.wait(turn, 0, before, left);
  }
}

/** What came: a session that ended, one that was refused, or no other end at all. */
function serveOne(transport: Transport, identity: Identity, isDevice: boolean): "session" | "refused" | "nothing" {
  let peer: string | undefined;
  try {
    serveSession(transport, identity, (name) => {
      peer = name;
      say({ kind: "began", peer: name });
    });
  } catch (fault) {
    // A port without an other end is at its end from the beginning.
    if (isDevice && peer === undefined && isEnd(fault)) return "nothing";
    const why = fault instanceof Error ? fault.message : String(fault);
    const isOver = isEnd(fault) && peer !== undefined;
    say({ kind: "ended", peer, ...(isOver ? {} : { why }) });
    return isOver ? "session" : "refused";
  }
  return "session";
}

serve(workerData as EngineThreadData);
