/** One session at the engine's end: proves both ends, then takes frames and answers until the sensor has ended. */
import { IsolineError } from "@isoline/core/error";
import type { Frames } from "../wire/frames.ts";
import { agreed, type Identity, send, welcoming } from "../wire/handshake.ts";
import { readTold } from "../wire/read-told.ts";
import { type Transport, within } from "../wire/stream.ts";
import { ServedNamespace } from "./served-namespace.ts";

/** Until both ends are proven: what connects and says nothing does not keep others waiting. */
const BEGINNING_MS = 10_000;
/** A sensor waits for each of its answers. */
const ANSWER_MS = 30_000;

/** Serves one session, to its end. Returns by what the sensor was known; throws why the session was given up. */
export function serveSession(transport: Transport, identity: Identity, onProven: (peer: string) => void): void {
  const { frames, topic, peer } = agreed(welcoming(transport, identity, within(BEGINNING_MS)));
  onProven(peer);
  const namespace = new ServedNamespace(topic);
  for (;;) {
    const frame = frames.receive(undefined);
    try {
      const answer = namespace.hear(readTold(frame));
      if (answer !== undefined) send(frames, { answer }, within(ANSWER_MS));
    } catch (fault) {
      throw givenUp(frames, fault);
    }
  }
}

/** The sensor is told why, if it still listens. */
function givenUp(frames: Frames, fault: unknown): unknown {
  if (!(fault instanceof IsolineError)) return fault;
  try {
    send(frames, { refused: fault.message }, within(ANSWER_MS));
  } catch {
    // It is gone, or takes nothing more.
  }
  return fault;
}

/** Whether a session just ended, and nothing was wrong. */
export function isEnd(fault: unknown): boolean {
  return fault instanceof IsolineError && fault.code === ("engine-lost" as string);
}
