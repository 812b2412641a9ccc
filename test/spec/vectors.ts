/** docs/spec/iso1-vectors.jsonl: results that never change. An update appends the results of new operations. */
import { readFileSync } from "node:fs";
import { Extension } from "@isoline/core/contour";
import { type Digest, sha256, ZERO_DIGEST } from "@isoline/core/digest";
import {
  encodeEvent,
  escapeBytes,
  type Event,
  eventFromJson,
  eventToJson,
  type FieldKind,
  type FieldValue,
  fieldsOf,
  type Operation,
} from "@isoline/core/event";
import { deriveTask, type Image } from "@isoline/core/identity";
import { iso1Point } from "@isoline/core/profile";
import { specPath } from "./published.ts";

export type Vector =
  | { readonly kind: "event"; readonly event: unknown; readonly encoding: string; readonly point: string }
  | {
      readonly kind: "task";
      readonly parent: Digest;
      readonly images: readonly [Image, ...Image[]];
      readonly as?: string;
      readonly runs?: readonly string[];
      readonly id: string;
    }
  | { readonly kind: "escape"; readonly bytes: string; readonly text: string }
  | {
      readonly kind: "extension";
      readonly base: Digest;
      readonly aggregate: Digest;
      readonly points: readonly Digest[];
      readonly measurement: string;
      readonly state: string;
    };

export const vectorsFile = "iso1-vectors.jsonl";

export function readVectors(): readonly Vector[] {
  const lines = readFileSync(specPath(vectorsFile), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Vector);
}

/** The vector with its results computed by the code. */
export function answered(vector: Vector): Vector {
  switch (vector.kind) {
    case "event":
      return eventVector(eventFromJson(vector.event));
    case "task":
      return { ...vector, id: deriveTask(vector.parent, vector.images, vector).id };
    case "escape":
      return { ...vector, text: escapeBytes(Buffer.from(vector.bytes, "hex")) };
    case "extension":
      return { ...vector, measurement: fold(vector, vector.points), state: fold(vector, [...vector.points].sort()) };
  }
}

export function eventVector(event: Event): Vector {
  return {
    kind: "event",
    event: eventToJson(event),
    encoding: encodeEvent(event).toString("hex"),
    point: iso1Point(event),
  };
}

function fold({ base, aggregate }: { base: Digest; aggregate: Digest }, points: readonly Digest[]): string {
  const extension = new Extension(base, aggregate);
  for (const point of points) extension.extend(Buffer.from(point, "hex"), 0);
  return extension.value;
}

const digestOf = (text: string) => sha256(Buffer.from(text));

const samples: Readonly<Record<FieldKind, FieldValue>> = {
  path: "$HOME/a\\x20b/\u00e4\u{1f600}",
  text: "read,write",
  list: ["/usr/bin/env@-", "/lib64/ld.so"],
  u32: 4_294_967_295,
  octal: 0o100644,
  id: 4_294_967_294,
  u64: 0x1ff_ffff_ffffn,
  digest: digestOf("content"),
};

/** One event with every field, and, if some are optional, one without those. */
export function sampleEvents(op: Operation): readonly Event[] {
  const actor = {
    task: digestOf("task"),
    parent: ZERO_DIGEST,
    credentials: {
      uid: 1,
      euid: 2,
      suid: 3,
      fsuid: 4,
      gid: 5,
      egid: 6,
      sgid: 7,
      fsgid: 8,
      capabilities: 0x3f_ffff_ffffn,
    },
  };
  const event = (names: readonly string[]) => {
    const fields = fieldsOf(op).filter(([name]) => names.includes(name));
    return {
      op,
      actor,
      subject: Object.fromEntries(fields.map(([name, { kind }]) => [name, samples[kind]])),
    } as unknown as Event;
  };
  const all = fieldsOf(op).map(([name]) => name);
  const needed = fieldsOf(op).flatMap(([name, { optional }]) => (optional ? [] : [name]));
  return needed.length === all.length ? [event(all)] : [event(all), event(needed)];
}
