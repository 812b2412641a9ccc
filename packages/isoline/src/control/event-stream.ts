/**
 * Sends decisions as they happen to clients, one JSON object a line.
 *
 * A client that does not read must not make the supervisor's memory grow: lines that do not fit are dropped, and the next line
 * says how many were.
 */
import type { ServerResponse } from "node:http";
import type { EventLine, LiveEvent } from "../namespace/live.ts";

const MOST_BUFFERED = 1024 * 1024;

export class EventStream {
  readonly #follow: (follower: (event: LiveEvent) => void) => Promise<() => Promise<void>>;
  readonly #open = new Set<ServerResponse>();

  constructor(follow: (follower: (event: LiveEvent) => void) => Promise<() => Promise<void>>) {
    this.#follow = follow;
  }

  /** Sends every decision from now on, until the client disconnects or the namespace ends. */
  async serve(response: ServerResponse): Promise<void> {
    let lost = 0;
    this.#open.add(response);
    response.writeHead(200, { "content-type": "application/jsonl" });
    response.flushHeaders();
    const unfollow = await this.#follow((event) => {
      if (response.destroyed || response.writableEnded) return;
      if (response.writableLength > MOST_BUFFERED) {
        lost += 1;
        return;
      }
      if (lost > 0) writeLine(response, { lost });
      lost = 0;
      writeLine(response, event);
    });
    const gone = () => {
      this.#open.delete(response);
      void unfollow();
    };
    if (response.destroyed) gone();
    else response.on("close", gone);
  }

  /** Ends every stream when the namespace ends. */
  end(): void {
    for (const response of this.#open) response.end();
  }
}

function writeLine(response: ServerResponse, line: EventLine): void {
  response.write(`${JSON.stringify(line)}\n`);
}
