/**
 * What is left to write and to say of a namespace whose last process has ended, in parts: there may be ten thousand departures to explain,
 * and nothing of the namespace waits for that. Between two parts the thread serves its neighbours.
 */
import type { Driver } from "./drivers/driver.ts";
import type { Mailbox } from "./mailbox.ts";
import type { SupervisorMessage } from "./messages.ts";
import type { Session } from "./session.ts";

/** Who has a part in it. */
export interface Leaving {
  readonly session: Pick<Session, "ending" | "hardware" | "finish" | "departuresInPages" | "close">;
  readonly driver: Pick<Driver, "end" | "close">;
  readonly mailbox: Pick<Mailbox, "answer">;
}

/** Requests that came before the end are answered for so many milliseconds. */
const ANSWERING_MS = 20;

export function* lastWords(
  { session, driver, mailbox }: Leaving,
  say: (message: SupervisorMessage) => void,
): Generator<undefined, void> {
  const kernel = driver.end();
  mailbox.answer(ANSWERING_MS);
  session.ending();
  // Its neighbours go on meanwhile: its seat does not, until it is recorded or late.
  if (session.hardware?.isUnderWay === true) yield;
  const findings = session.finish(kernel);
  for (const departures of session.departuresInPages()) {
    say({ kind: "departures", departures });
    yield;
  }
  session.close();
  say({ kind: "ended", findings });
  driver.close();
}
