/** Reads what a sensor says. The sensor is proven, and its machine may be hostile all the same: nothing is taken as it comes. */
import { decodeEvent, type Event, MAX_EVENT_BYTES } from "@isoline/core/event";
import { type CoreErrorCode, coreErrors } from "@isoline/core/error";
import type { Task } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { refused } from "./faults.ts";
import {
  MOST_CHAIN,
  MOST_CONTOUR,
  MOST_NOTES,
  MOST_REMARKS,
  type Note,
  PIECE_BYTES,
  type Question,
  type Told,
  type ToldBond,
  type ToldCircumstances,
} from "./messages.ts";
import {
  bytes,
  digest,
  type Json,
  line,
  list,
  natural,
  oneOf,
  optional,
  parseJson,
  record,
  text,
  truth,
} from "./shapes.ts";

const U32 = 0xffff_ffff;
/** Images of a program, and what an interpreter was given to run: the sensor tells fewer. */
const MOST_PARTS = 1024;
const MOST_POLICY = 512 * 1024;
const modes = ["learn", "watch", "enforce"] as const;
const codes = Object.keys(coreErrors) as CoreErrorCode[];
const reasons = ["off-contour", "unknown-lineage", "sensor"] as const;
const remarks = ["changed", "gone", "written", "withheld", "fs-verity", "ima"] as const;

export function readTold(frame: Buffer): Told {
  const { notes, question } = record(parseJson(frame), "a frame");
  const asked = optional(question, readQuestion);
  return { notes: list(notes, "notes", MOST_NOTES).map(readNote), ...(asked === undefined ? {} : { question: asked }) };
}

function readNote(json: Json): Note {
  const [kind, a, b, c, d] = list(json, "a note", 5);
  switch (kind) {
    case "born":
      return ["born", natural(a, "a process"), natural(b, "its parent")];
    case "died":
      return ["died", natural(a, "a process")];
    case "distrust":
      return ["distrust", natural(a, "a process"), oneOf(b, "a reason", reasons), text(c, "a cause")];
    case "repeat":
      return ["repeat", known(a), natural(b, "a process"), natural(c, "a sequence number"), natural(d, "a count", U32)];
    case "unseen":
      return ["unseen", known(a), natural(b, "a count", U32)];
    case "gap":
      return ["gap", text(a, "a reason"), natural(b, "a count", U32)];
    case "loss":
      return [
        "loss",
        text(a, "a reason"),
        natural(b, "a count", U32),
        optional(c, (json) => natural(json, "a process")) ?? null,
      ];
    case "misunderstood":
      return [kind, oneOf(a, "a code", codes), natural(b, "a process"), truth(c, "whether it is kept")];
    default:
      throw refused(`expected a note of this version, got ${JSON.stringify(kind)?.slice(0, 60)}`);
  }
}

/** The engine remembers under 1 and more; 0 stands for an event that is judged each time. */
function known(json: Json): number {
  const value = natural(json, "a known verdict", U32);
  if (value === 0) throw refused("a known verdict: expected 1 to 4294967295, got 0");
  return value;
}

function readQuestion(json: Json): Question {
  const { ask, ...rest } = record(json, "a question");
  switch (ask) {
    case "open": {
      const policy = optional(rest["policy"], (json) => text(json, "the policy", MOST_POLICY)) ?? null;
      return {
        ask,
        mode: oneOf(rest["mode"], "the mode", modes),
        policy,
        bytes: natural(rest["bytes"], "bytes", MOST_CONTOUR),
      };
    }
    case "piece":
      return { ask, content: text(rest["content"], "a piece", 2 * PIECE_BYTES) };
    case "judge":
    case "explain":
      return { ask, event: text(rest["event"], "an event", 2 * MAX_EVENT_BYTES), seen: readSeen(rest["seen"]) };
    case "is-on":
      return { ask, event: text(rest["event"], "an event", 2 * MAX_EVENT_BYTES) };
    case "departures":
    case "contour":
    case "occurrences":
      return { ask, from: natural(rest["from"], "an index", U32) };
    case "portable":
      return { ask, binds: optional(rest["binds"], readBond) ?? null };
    case "begin":
    case "facts":
    case "seal":
      return { ask };
    default:
      throw refused(`expected a question of this version, got ${JSON.stringify(ask)?.slice(0, 60)}`);
  }
}

/**
 * An event, from its binary form. `bad-event` is a loss and no breach: the workload decides what its events are. Whether its texts are
 * escaped is checked where a point is made of it, as beside a sensor.
 */
export function readEvent(encoded: string): Event {
  return decodeEvent(bytes(encoded, "an event", MAX_EVENT_BYTES));
}

function readBond(json: Json): ToldBond {
  const { challenge, aggregate } = record(json, "a bond");
  return { challenge: digest(challenge, "a challenge"), aggregate: digest(aggregate, "an aggregate") };
}

function readSeen(json: Json): ToldCircumstances {
  const seen = record(json, "circumstances");
  const task = optional(seen["task"], (json) => digest(json, "a task"));
  const introduces = optional(seen["introduces"], readTask);
  const content = optional(seen["content"], (json) => list(json, "remarks", MOST_REMARKS).map(readRemark));
  return {
    sequence: natural(seen["sequence"], "a sequence number"),
    process: natural(seen["process"], "a process"),
    pid: natural(seen["pid"], "a pid", U32),
    chain: list(seen["chain"], "a chain", MOST_CHAIN).map((name) => text(name, "a name")),
    ...(task ? { task } : {}),
    ...(introduces ? { introduces } : {}),
    ...(seen["guessedLineage"] === true ? { guessedLineage: true } : {}),
    ...(content ? { content } : {}),
    ...(seen["isKept"] === true ? { isKept: true } : {}),
  };
}

function readTask(json: Json): Task {
  const { id, parent, images, as, runs } = record(json, "a task");
  const read = list(images, "images", MOST_PARTS).map((image) => {
    const { path, digest: content } = record(image, "an image");
    const known = optional(content, (json) => digest(json, "a digest"));
    return { path: text(path, "a path"), ...(known ? { digest: known } : {}) };
  });
  const called = optional(as, (json) => text(json, "a name"));
  const given = optional(runs, (json) => list(json, "what is run", MOST_PARTS).map((run) => text(run, "what is run")));
  const task = {
    id: digest(id, "a task"),
    parent: digest(parent, "a parent"),
    images: read as unknown as Task["images"],
    ...(called === undefined ? {} : { as: called }),
    ...(given === undefined ? {} : { runs: given }),
  };
  if (read.length > 0 && iso1.isTaskSound(task)) return task;
  throw refused("a task: expected the id that follows from its images, got another one");
}

function readRemark(json: Json) {
  const { what, path, digest: verified } = record(json, "a remark");
  const known = optional(verified, (json) => line(json, "a digest", 256));
  return {
    what: oneOf(what, "a remark", remarks),
    path: text(path, "a path"),
    ...(known === undefined ? {} : { digest: known }),
  };
}
