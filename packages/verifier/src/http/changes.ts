/** Changes of verdicts as they happen: server-sent events (WHATWG HTML, 9.2), which go on from where a reader was. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { changeDocument } from "../changes/index.ts";
import { changesAfter, lastChange } from "../store/index.ts";
import { type Door, type Env, personOf } from "./door.ts";
import type { Readers } from "./readers.ts";
import { route, text } from "./route.ts";

const COMMENT_MS = 15_000;
const AT_ONCE = 500;
/** A reader that takes nothing for so long is let go; it comes back with the id of what it read last. */
const SLOW_MS = 30_000;

export function changeRoutes(app: OpenAPIHono<Env>, door: Door, readers: Readers): void {
  const config = route({
    method: "get",
    path: "/v1/changes",
    summary: "Changes of verdicts as they happen, after the one whose id is in `Last-Event-ID`.",
    responses: {
      200: text(
        "First `begun`, with the id that the stream begins behind, or `reset` where the id that was sent is above all: what was read before is to be read anew. Then events `change`, each with a change as JSON.",
        "text/event-stream",
      ),
    },
  });
  app.openapi(config, async (c) => {
    const person = await personOf(c, door, "viewer");
    const { fleet } = door;
    const told = c.req.header("last-event-id") ?? "";
    const present = await lastChange(fleet.store.db);
    const wanted = /^\d{1,15}$/.test(told) ? Number(told) : present;
    // After a restore numbers are given again: a reader from before would pass over changes, and be told that it is up to date.
    const isReset = wanted > present;
    const from = isReset ? present : wanted;
    const { tenant, until = Number.POSITIVE_INFINITY } = person;
    const wake = new Bell();
    const reading = { from, isReset, tenant, until };
    const end = readers.begin(person, () => {
      reading.until = 0;
      wake.ring();
    });
    c.header("X-Accel-Buffering", "no");
    return streamSSE(c, async (stream) => {
      const unheard = fleet.onChange(() => wake.ring());
      stream.onAbort(() => wake.ring());
      try {
        await send(stream, door, reading, wake);
      } finally {
        unheard();
        end();
      }
    });
  });
}

interface Reading {
  readonly from: number;
  /** The store was set back since this reader read. */
  readonly isReset: boolean;
  readonly tenant: string | undefined;
  /** A stream ends with the token that opened it; sooner, where it gives way to another one. */
  readonly until: number;
}

async function send(stream: SSEStreamingApi, { fleet }: Door, reading: Reading, wake: Bell): Promise<void> {
  const { from, isReset, tenant } = reading;
  await inTime(stream.write(": changes\n\n"));
  // Also before the first change a reader has a number then, and goes on from it where the stream breaks off.
  if (!(await inTime(stream.writeSSE({ event: isReset ? "reset" : "begun", id: String(from), data: "{}" })))) return;
  for (let last = from; !stream.aborted && !stream.closed && Date.now() < reading.until; ) {
    const rows = await changesAfter(fleet.store.db, last, AT_ONCE, tenant);
    for (const row of rows) {
      last = row.id;
      const data = JSON.stringify(changeDocument(row));
      if (!(await inTime(stream.writeSSE({ event: "change", id: String(row.id), data })))) return;
    }
    if (rows.length > 0) continue;
    const longest = Math.min(COMMENT_MS, Math.max(0, reading.until - Date.now()));
    if (!(await wake.wait(longest)) && !(await inTime(stream.write(": still here\n\n")))) return;
  }
}

/** Whether the reader took it in time. */
async function inTime(writing: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), SLOW_MS);
  });
  const result = await Promise.race([writing.then(() => true), late]);
  clearTimeout(timer);
  return result;
}

/** Wakes who waits; rung before, it is heard at once. */
class Bell {
  #isRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /** Whether it rang in so many milliseconds. */
  async wait(ms: number): Promise<boolean> {
    if (!this.#isRung) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, ms);
      });
      clearTimeout(timer);
      this.#wake = undefined;
    }
    const rang = this.#isRung;
    this.#isRung = false;
    return rang;
  }
}
