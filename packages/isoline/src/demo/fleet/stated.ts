/** Waiting for what a verifier states, as any monitor may: by what its log shows, which is what the witness has signed. */
import { setTimeout } from "node:timers/promises";
import { parseCheckpoint, parseNote } from "@isoline/log/note";
import { readStatement, type Statement } from "@isoline/log/statement";
import { entriesAt, TILE_WIDTH } from "@isoline/log/tiles";
import { CHECKPOINT, readDirectory } from "@isoline/log/writer";
import { CliError } from "../../error.ts";

const STARVED_MS = 180_000;
const LOOK_MS = 200;

interface Stated {
  /** Number of the entry. */
  readonly entry: number;
  /** The entry itself: docs/spec/log-entries.md. */
  readonly text: string;
}

/** The last statement of this kind that a log in a directory shows, as soon as there is one. */
export async function lastStated(directory: string, what: string, isIt: (one: Statement) => boolean): Promise<Stated> {
  for (const until = Date.now() + STARVED_MS; Date.now() < until; await setTimeout(LOOK_MS)) {
    const found = shownIn(directory).findLast(({ bytes }) => {
      const statement = readStatement(bytes);
      return statement !== undefined && isIt(statement);
    });
    if (found !== undefined) return { entry: found.entry, text: Buffer.from(found.bytes).toString("utf8") };
  }
  throw new CliError("no-demo", `expected ${what} in the log of the verifier, got ${shownIn(directory).length} others`);
}

function shownIn(directory: string): readonly { readonly entry: number; readonly bytes: Uint8Array }[] {
  const read = readDirectory(directory);
  const checkpoint = read(CHECKPOINT);
  if (checkpoint === undefined) return [];
  const { size } = parseCheckpoint(parseNote(Buffer.from(checkpoint).toString("utf8")));
  const places = Array.from({ length: Math.ceil(size / TILE_WIDTH) }, (_, place) => place);
  return places.flatMap((place) => entriesAt(read, size, place)).map((bytes, entry) => ({ entry, bytes }));
}
