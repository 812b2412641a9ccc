/** What only those want to read who look for a mistake in isoline itself: written to stderr with ISOLINE_DEBUG=1. */
import { writeSync } from "node:fs";

const STDERR = 2;

export function debug(text: string): void {
  if (process.env["ISOLINE_DEBUG"] === "1" && text !== "") writeSync(STDERR, text.endsWith("\n") ? text : `${text}\n`);
}
