/** Hosts the engines of namespaces whose sensors are elsewhere: listens, and has a thread for each sensor. */
import { chmodSync, closeSync, unlinkSync } from "node:fs";
import { MessageChannel, Worker } from "node:worker_threads";
import { listenForStreams, type StreamAddress } from "@isoline/linux";
import { removeLeft } from "../control/liveness.ts";
import { CliError } from "../error.ts";
import type { TrustedKey } from "../store/signature/keys.ts";
import { parseAddress } from "../wire/address.ts";
import type {
  EngineThreadData,
  EngineThreadMessage,
  QuoteAnswer,
  QuoteSource,
  QuoteQuestion,
} from "./engine-thread.ts";

export interface ServerOptions {
  readonly addresses: readonly string[];
  /** What a sensor is shown: the engine's private key, in PEM, or a quote of this machine's TPM over 32 bytes. */
  readonly proves: string | ((qualifying: Uint8Array) => Promise<Uint8Array>);
  /** Keys of which a sensor must prove one. */
  readonly sensors: readonly TrustedKey[];
  /** Namespaces at once, at most. */
  readonly most: number;
  /** Memory for the objects of one namespace; what is learnt has a limit of its own. */
  readonly megabytes: number;
}

/** What happens, for a log. */
export interface ServerHooks {
  readonly began: (address: string, peer: string) => void;
  readonly ended: (address: string, peer: string | undefined, why: string | undefined) => void;
}

/** An address that is served. */
interface Place {
  readonly name: string;
  readonly address: StreamAddress;
  /** The listening socket; undefined for a device, which one thread serves. */
  readonly listener: number | undefined;
  /** Threads that wait for a sensor. */
  idle: number;
}

/** What a thread serves just now. */
interface Served {
  readonly fd: number;
  peer?: string;
}

export class EngineServer {
  readonly #options: ServerOptions;
  readonly #hooks: ServerHooks;
  readonly #places: readonly Place[];
  #threads = 0;
  /** A TPM answers one after the other. */
  #quoting: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(options: ServerOptions, hooks: ServerHooks, places: readonly Place[]) {
    this.#options = options;
    this.#hooks = hooks;
    this.#places = places;
    for (const place of places) this.#start(place);
  }

  /** Listens; throws `cannot-write` where it cannot. */
  static async open(options: ServerOptions, hooks: ServerHooks): Promise<EngineServer> {
    const places: Place[] = [];
    for (const address of options.addresses) places.push(await listenAt(address));
    return new EngineServer(options, hooks, places);
  }

  /** Removes the sockets. The threads end with the process. */
  close(): void {
    this.#isClosed = true;
    for (const { address, listener } of this.#places) {
      if (listener === undefined) continue;
      closeSync(listener);
      if (address.kind === "unix") unlinkSync(address.path);
    }
  }

  #start(place: Place): void {
    const { proves, sensors, megabytes } = this.#options;
    const at = place.listener ?? (place.address.kind === "device" ? place.address.path : "");
    const source = typeof proves === "string" ? undefined : this.#sourceOf(proves);
    const thread = new Worker(new URL("./engine-thread.js", import.meta.url), {
      stdout: true,
      stderr: true,
      workerData: { at, proves: source?.given ?? (proves as string), sensors } satisfies EngineThreadData,
      ...(source === undefined ? {} : { transferList: [source.given.port] }),
      resourceLimits: { maxOldGenerationSizeMb: megabytes },
    });
    this.#threads += 1;
    place.idle += 1;
    let served: Served | undefined;
    let fault = "its thread ended";
    thread.on("message", (message: EngineThreadMessage) => {
      served = this.#heard(place, served, message);
    });
    thread.on("error", (error: Error) => {
      fault = error.message;
    });
    thread.on("exit", () => {
      source?.close();
      this.#threads -= 1;
      if (served === undefined) place.idle -= 1;
      // The sensor sees at once that its engine is gone.
      else closeSync(served.fd);
      if (this.#isClosed) return;
      this.#hooks.ended(place.name, served?.peer, fault);
      this.#keepOneIdle();
    });
  }

  /** The thread's way to the TPM: it asks with 32 bytes, and sleeps until the turn has passed. */
  #sourceOf(quote: (qualifying: Uint8Array) => Promise<Uint8Array>): { given: QuoteSource; close: () => void } {
    const { port1, port2 } = new MessageChannel();
    const turn = new Int32Array(new SharedArrayBuffer(4));
    const answer = (told: QuoteAnswer) => {
      port1.postMessage(told);
      Atomics.add(turn, 0, 1);
      Atomics.notify(turn, 0);
    };
    port1.on("message", ({ number, qualifying }: QuoteQuestion) => {
      this.#quoting = this.#quoting
        .then(() => quote(qualifying))
        .then(
          (made) => answer({ number, quote: made }),
          (fault: unknown) => answer({ number, failed: fault instanceof Error ? fault.message : String(fault) }),
        );
    });
    return { given: { port: port2, turn }, close: () => port1.close() };
  }

  /** Returns what the thread serves from now on. */
  #heard(place: Place, served: Served | undefined, message: EngineThreadMessage): Served | undefined {
    switch (message.kind) {
      case "busy":
        place.idle -= 1;
        this.#keepOneIdle();
        return { fd: message.fd };
      case "began":
        this.#hooks.began(place.name, message.peer);
        return served && { ...served, peer: message.peer };
      case "ended":
        if (served !== undefined) place.idle += 1;
        this.#hooks.ended(place.name, message.peer, message.why);
        return undefined;
    }
  }

  /** A thread waits for the next sensor at each address, as long as there may be one more. */
  #keepOneIdle(): void {
    for (const place of this.#places) if (place.idle === 0 && this.#threads < this.#options.most) this.#start(place);
  }
}

async function listenAt(name: string): Promise<Place> {
  const address = parseAddress(name);
  if (address.kind === "device") return { name, address, listener: undefined, idle: 0 };
  // Where an engine still listens, this one cannot, and says so.
  if (address.kind === "unix") await removeLeft(address.path);
  const listener = listenForStreams(address);
  if (listener < 0)
    throw new CliError(
      "cannot-write",
      `cannot listen at ${name} (errno ${-listener}); is the directory there, and no other engine at this address?`,
    );
  // The keys decide who is served; others need not even connect.
  if (address.kind === "unix") chmodSync(address.path, 0o600);
  return { name, address, listener, idle: 0 };
}
