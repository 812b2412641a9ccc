/** Changes of verdicts as they happen: server-sent events (WHATWG HTML, 9.2), taken up again where they broke off. */
import type { IncomingMessage } from "node:http";
import { StringDecoder } from "node:string_decoder";
import { CliError } from "../error.ts";
import { isPassing } from "./in-time.ts";
import { type Change, change } from "./model.ts";
import { backOff, sleep } from "./patience.ts";
import { FleetRefusal, type FleetServer } from "./server.ts";

const MOST_LINE = 64 * 1024;
/** The verifier sends a comment each 15 seconds. */
const SILENCE_SECONDS = 45;

/** A connection that lasted so long was one: a server that closes each at once is asked less and less often. */
const LASTED_MS = 60_000;
const EVENTS = "text/event-stream";

/** What is told of the connection itself. */
export interface Following {
  readonly signal?: AbortSignal | undefined;
  /** It was made, for the first time or again: changes from here on are told. */
  readonly onOpen?: () => void;
  /** It was lost, or not made, and is tried again. */
  readonly onLost?: (why: string) => void;
  /** It was made again. `isKnown`: from the last change on; otherwise those in between are missing. */
  readonly onAgain?: (isKnown: boolean) => void;
  /** The server was set back, as after a restore: what it said before may not be so any more. */
  readonly onReset?: () => void;
}

/** Every change from now on, until the signal. A refusal of the server ends it, and so does a server that tells no changes. */
export async function* changesOf(server: FleetServer, following: Following = {}): AsyncGenerator<Change> {
  const { signal, onOpen, onLost, onAgain, onReset } = following;
  let last: string | undefined;
  let isLost = false;
  for (let failures = 0; !isOver(signal); ) {
    let opened: number | undefined;
    let atLeast = 0;
    try {
      const headers = { accept: EVENTS, ...(last === undefined ? {} : { "last-event-id": last }) };
      const response = await server.open("/v1/changes", { headers, signal, patience: SILENCE_SECONDS });
      assertEvents(server, response);
      opened = performance.now();
      if (isLost) onAgain?.(last !== undefined);
      isLost = false;
      onOpen?.();
      for await (const event of eventsIn(response)) {
        last = event.id ?? last;
        if (event.name === "change") {
          failures = 0;
          yield change(parsed(event.data), "a change");
        } else if (event.name === "reset") onReset?.();
      }
      onLost?.("the server closed the connection");
    } catch (fault) {
      if (isOver(signal)) return;
      if (fault instanceof FleetRefusal && !isPassing(fault)) throw fault;
      if (fault instanceof CliError && fault.code === "bad-fleet-answer") throw fault;
      if (fault instanceof FleetRefusal) atLeast = fault.retryAfter ?? 0;
      onLost?.((fault as Error).message);
    }
    isLost = true;
    if (opened !== undefined && performance.now() - opened >= LASTED_MS) failures = 0;
    failures += 1;
    await sleep(backOff(failures, atLeast), signal);
  }
}

/** What answers with a page, say, is no verifier, and would answer so again and again. */
function assertEvents(server: FleetServer, response: IncomingMessage): void {
  const type = response.headers["content-type"] ?? "nothing";
  if (type.split(";")[0]?.trim().toLowerCase() === EVENTS) return;
  response.destroy();
  throw new CliError(
    "bad-fleet-answer",
    `${server.url.host}: expected changes as ${EVENTS}, got ${JSON.stringify(type.slice(0, 60))}; see --server: is it a verifier?`,
  );
}

const isOver = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

interface ServerEvent {
  readonly name: string;
  readonly data: string;
  readonly id: string | undefined;
}

/** Events in a stream. Refuses a line or an event that is too long: no server of ours sends one. */
async function* eventsIn(stream: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let [name, data, id]: [string, string[], string | undefined] = ["message", [], undefined];
  for await (const piece of stream) {
    rest += decoder.write(Buffer.from(piece));
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    if (rest.length > MOST_LINE || data.join("\n").length > MOST_LINE) throw tooLong();
    for (const line of lines) {
      if (line === "") {
        // One without data is none, but its id counts.
        if (data.length > 0) yield { name, data: data.join("\n"), id };
        else if (id !== undefined) yield { name: "message", data: "", id };
        [name, data, id] = ["message", [], undefined];
        continue;
      }
      const [, field = "", value = ""] = /^([^:]*)(?:: ?([^]*))?$/.exec(line) ?? [];
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
      else if (field === "id" && /^[\x20-\x7e]{0,256}$/.test(value)) id = value;
    }
  }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new CliError("bad-fleet-answer", `expected a change as JSON, got ${JSON.stringify(data.slice(0, 40))}`);
  }
}

const tooLong = () =>
  new CliError("bad-fleet-answer", `expected events of at most ${MOST_LINE} letters, got a longer one; stopped`);
