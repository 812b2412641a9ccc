/** Parses a line of a recording, in each format that can be replayed. */
import { type Digest, isDigest } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import { eventFromJson } from "@isoline/core/event";
import type { Task } from "@isoline/core/identity";
import {
  type Exchange,
  iso1,
  iso2017,
  type Profile,
  type ProfileName,
  parseExchangeLine,
  quixote,
  TsemReader,
} from "@isoline/core/profile";

export type Recorded =
  | { readonly kind: "event"; readonly event: Exchange }
  | { readonly kind: "task"; readonly task: Task }
  | { readonly kind: "aggregate"; readonly aggregate: Digest }
  /** Events without a point, one if not counted: they are missing from everything that is measured. */
  | { readonly kind: "outside"; readonly reason: string; readonly count?: number };

export interface Recording {
  readonly profile: Profile<Exchange>;
  readonly read: (line: Buffer) => Recorded;
}

export function recordingOf(name: ProfileName): Recording {
  switch (name) {
    case "iso1":
      return { profile: iso1 as unknown as Profile<Exchange>, read: readOwn };
    case "quixote":
      return { profile: quixote as unknown as Profile<Exchange>, read: tsem(new TsemReader(quixote)) };
    case "iso2017": {
      const json = tsem(new TsemReader(iso2017));
      return {
        profile: iso2017 as unknown as Profile<Exchange>,
        read: (line) =>
          line[0] === 0x7b ? json(line) : { kind: "event", event: parseExchangeLine(line.toString("latin1")) },
      };
    }
  }
}

/** `{"op":…}`, `{"task":…}` or, at the end, `{"more":…}`, as `learn --trajectory` writes them. */
function readOwn(line: Buffer): Recorded {
  const json = parseJson(line);
  const isLone = typeof json === "object" && json !== null && Object.keys(json).length === 1;
  if (isLone && "task" in json) return { kind: "task", task: taskFromJson(json.task) };
  if (isLone && "more" in json)
    return { kind: "outside", reason: "events that did not fit into the trajectory", count: countFromJson(json.more) };
  return { kind: "event", event: eventFromJson(json) };
}

function tsem(reader: TsemReader): (line: Buffer) => Recorded {
  return (line) => {
    const record = reader.read(line);
    if (record.kind !== "log") return record;
    return { kind: "outside", reason: `${record.type} of an untrusted process, without attributes` };
  };
}

/** Whether its id follows from its images is checked where it is used. */
function taskFromJson(json: unknown): Task {
  const { id, parent, images } = (json ?? {}) as Record<string, unknown>;
  const sound =
    typeof id === "string" &&
    typeof parent === "string" &&
    isDigest(id) &&
    isDigest(parent) &&
    Array.isArray(images) &&
    images.length > 0 &&
    images.every(isImage);
  if (!sound)
    throw new IsolineError("bad-trajectory", 'expected {"task":{"id","parent","images":[{"path","digest"}]}}');
  return { id, parent, images } as unknown as Task;
}

function countFromJson(json: unknown): number {
  if (typeof json === "number" && Number.isSafeInteger(json) && json > 0) return json;
  throw new IsolineError("bad-trajectory", 'expected {"more":N} with the number of events that were left out');
}

function isImage(json: unknown): boolean {
  const { path, digest } = (json ?? {}) as Record<string, unknown>;
  return typeof path === "string" && (digest === undefined || (typeof digest === "string" && isDigest(digest)));
}

function parseJson(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8")) as unknown;
  } catch (fault) {
    throw new IsolineError("bad-trajectory", `expected one JSON object; ${(fault as Error).message}`, { cause: fault });
  }
}
