/**
 * Answers that are in memory until the caller has read them, or is let go. How long they are, the nodes decide: thousands of canisters with
 * their reasons have megabytes. So their bytes are counted, for each payer, as those of bodies are.
 */
import type { Context, TypedResponse } from "hono";
import type { JSONParsed } from "hono/utils/types";
import { type Door, type Env, payerOf } from "./door.ts";

/** Ends when all of the answer is sent, or the caller is gone; at once where neither can be seen. */
export function answerIsOver({ env: { incoming, outgoing } }: Context<Env>): Promise<void> {
  const socket = incoming?.socket;
  if (outgoing === undefined || socket === undefined || socket.destroyed) return Promise.resolve();
  // A caller may send many requests at once on one connection; that more than ten wait for its end is no leak.
  socket.setMaxListeners(0);
  return new Promise((resolve) => {
    const over = () => {
      outgoing.off("close", over);
      socket.off("close", over);
      resolve();
    };
    outgoing.on("close", over);
    socket.on("close", over);
  });
}

/** Refuses with `too-many` where the payer has too much unread already. A first answer it gets, however long it is. */
export function holdAnswer(c: Context<Env>, { answers }: Pick<Door, "answers">, bytes: number): void {
  void answerIsOver(c).then(answers.begin(payerOf(c), bytes));
}

/** An answer in JSON that is counted so. */
export function heldJson<T>(c: Context<Env>, door: Pick<Door, "answers">, document: T) {
  const text = JSON.stringify(document);
  holdAnswer(c, door, Buffer.byteLength(text));
  const answer: Response = c.body(text, 200, { "content-type": "application/json" });
  return answer as Response & TypedResponse<JSONParsed<T>, 200, "json">;
}
