/**
 * Decisions as they happen, one JSON object a line, to whoever asked.
 *
 * A client that does not read must not make the supervisor grow: what does not fit is not sent, and the next line says how
 * many were not.
 */
import type { ServerResponse } from "node:http";
import type { LiveEvent } from "../namespace/live.ts";
import type { EventLine } from "./protocol.ts";

const MOST_BUFFERED = 1024 * 1024;

export class EventStream {
  readonly #follow: (follower: (event: LiveEvent) => void) => Promise<() => Promise<void>>;
  readonly #open = new Set<ServerResponse>();

  constructor(follow: (follower: (event: LiveEvent) => void) => Promise<() => Promise<void>>) {
    this.#follow = follow;
  }

  /** Sends every decision from now on, until the client goes or the namespace ends. */
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

  /** Ends every stream: the namespace is over. */
  end(): void {
    for (const response of this.#open) response.end();
  }
}

function writeLine(response: ServerResponse, line: EventLine): void {
  response.write(`${JSON.stringify(line)}\n`);
}
