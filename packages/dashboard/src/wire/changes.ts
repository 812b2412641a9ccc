/**
 * Follows the changes of verdicts. A stream that ends, or says nothing for longer than its comment lines allow, is begun anew with
 * `Last-Event-ID`; until then the page says that what it shows may be old.
 */
import type { Change } from "@isoline/verifier";
import { EventStream } from "./event-stream.ts";
import { Fault, sayFault } from "./fault.ts";
import { addressOf, backOff, pause, reach } from "./request.ts";

/** The verifier writes a comment line each 15 s. */
const SILENCE = 40_000;

export type Liveness =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  | { readonly state: "broken"; readonly since: number; readonly why: string };

interface Follower {
  changed(change: Change): void;
  liveness(now: Liveness): void;
  /** The stream has begun, or begun anew. What was read before the first one may lack changes that came before it. */
  opened(): void;
  /** The verifier was set back, or no longer keeps the changes since the last one. What was read before lacks them. */
  reset(): void;
}

/** Runs until the signal ends it. */
export async function followChanges(follower: Follower, ending: AbortSignal): Promise<void> {
  let lastId = "";
  let brokenSince: number | undefined;
  follower.liveness({ state: "connecting" });
  for (let failures = 0; !ending.aborted; ) {
    try {
      const opened = () => {
        follower.liveness({ state: "live" });
        follower.opened();
        brokenSince = undefined;
        failures = 0;
      };
      for await (const { type, data, id } of events(lastId, opened, ending)) {
        lastId = id;
        if (type === "change") follower.changed(changeOf(data));
        else if (type === "reset") follower.reset();
      }
      throw new Fault("unreachable", "the verifier ended the stream");
    } catch (fault) {
      if (ending.aborted) return;
      failures += 1;
      brokenSince ??= Date.now();
      follower.liveness({ state: "broken", since: brokenSince, why: sayFault(fault) });
    }
    await pause(backOff(failures), ending).catch(() => undefined);
  }
}

async function* events(lastId: string, opened: () => void, ending: AbortSignal) {
  const silence = new AbortController();
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => silence.abort(), SILENCE);
  };
  try {
    heard();
    const either = AbortSignal.any([ending, silence.signal]);
    const headers = { accept: "text/event-stream", ...(lastId === "" ? {} : { "last-event-id": lastId }) };
    const { body } = await reach(addressOf("changes"), either, { headers });
    if (body === null) throw new Fault("damaged", "Expected a stream from the verifier, got nothing.");
    opened();
    const stream = new EventStream(lastId);
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (let got = await reader.read(); !got.done; got = await reader.read()) {
      heard();
      yield* stream.take(decoder.decode(got.value, { stream: true }));
    }
  } catch (fault) {
    if (silence.signal.aborted) throw new Fault("unreachable", "the stream was silent for 40 s");
    throw fault;
  } finally {
    clearTimeout(watchdog);
    silence.abort();
  }
}

function changeOf(data: string): Change {
  const change: unknown = JSON.parse(data);
  const has = (name: string) =>
    typeof change === "object" && change !== null && typeof (change as Record<string, unknown>)[name] === "string";
  if (["at", "node", "from", "to"].every(has)) return change as Change;
  throw new Fault("damaged", "Expected a change with its node and its states, got something else.");
}
