/** Changes of verdicts as they happen: server-sent events (WHATWG HTML, 9.2), taken up again where they broke off. */
import { StringDecoder } from "node:string_decoder";
import { CliError } from "../error.ts";
import { type Change, change } from "./model.ts";
import { backOff, sleep } from "./patience.ts";
import { FleetRefusal, type FleetServer } from "./server.ts";

const MOST_LINE = 64 * 1024;
/** The verifier sends a comment each 15 seconds. */
const SILENCE_SECONDS = 45;

/** What is told of the connection itself. */
export interface Following {
  readonly signal?: AbortSignal | undefined;
  /** The connection was lost, and is made again; changes may have been missed where the server does not know the last one. */
  readonly onLost?: (why: string) => void;
  /** It was made again. */
  readonly onAgain?: () => void;
  /** The server was set back, as after a restore: what it said before may not be so any more. */
  readonly onReset?: () => void;
}

/** Every change from now on, until the signal. A refusal of the server ends it. */
export async function* changesOf(server: FleetServer, following: Following = {}): AsyncGenerator<Change> {
  const { signal, onLost, onAgain, onReset } = following;
  let last: string | undefined;
  for (let failures = 0; !isOver(signal); ) {
    try {
      const headers = { accept: "text/event-stream", ...(last === undefined ? {} : { "last-event-id": last }) };
      const response = await server.open("/v1/changes", { headers, signal, patience: SILENCE_SECONDS });
      if (failures > 0) onAgain?.();
      failures = 0;
      for await (const event of eventsIn(response)) {
        last = event.id ?? last;
        if (event.name === "change") yield change(parsed(event.data), "a change");
        else if (event.name === "reset") onReset?.();
      }
      onLost?.("the server closed the connection");
    } catch (fault) {
      if (isOver(signal)) return;
      if (fault instanceof FleetRefusal && fault.status < 500 && fault.status !== 429) throw fault;
      if (fault instanceof CliError && fault.code === "bad-fleet-answer") throw fault;
      onLost?.((fault as Error).message);
    }
    failures += 1;
    await sleep(backOff(failures), signal);
  }
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
        if (data.length > 0) yield { name, data: data.join("\n"), id };
        [name, data] = ["message", []];
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
