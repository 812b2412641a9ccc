/**
 * The parts of an encoded event that the index needs, read without decoding it. A contour of a million points is indexed in
 * well under a second this way; decoding every event takes several seconds.
 *
 *   op ‖ 32 parent ‖ 32 task ‖ 40 credentials ‖ subject fields        (event/encoding.ts)
 */
import { fieldsOf, operationNames } from "../event/operations.ts";

/** Hashes of the place and of the actor of an event. Equal things have equal hashes; the reverse has to be checked. */
export interface Landmarks {
  /** Operation and task. */
  act: number;
  /** The path or address; the whole subject if there is neither. */
  place: number;
  /** Operation, task and the directory of the place. */
  directory: number;
  /** The task. */
  task: number;
}

const SLASH = 0x2f;
const CREDENTIALS = 40;

/** Reads the landmarks of an encoded event into `into`. */
export function readLandmarks(encoding: Buffer, into: Landmarks): void {
  const op = 4 + encoding.readUInt32LE(0);
  const task = encoding.readInt32LE(op + 32);
  const subject = op + 64 + CREDENTIALS;
  const [start, end] = placeIn(encoding, encoding.toString("latin1", 4, op), subject);
  const act = mix(hashOf(encoding, 4, op), task);
  into.task = task;
  into.act = act;
  into.place = hashOf(encoding, start, end);
  into.directory = mix(act, hashOf(encoding, start, directoryEnd(encoding, start, end)));
}

/** The hash that `readLandmarks` computes for the directory of an act. */
export function directoryHash(act: number, directory: string): number {
  const bytes = Buffer.from(directory);
  return mix(act, hashOf(bytes, 0, bytes.length));
}

function placeIn(encoding: Buffer, op: string, subject: number): [number, number] {
  const texts = textsBeforePlace.get(op);
  if (texts === undefined) return [subject, encoding.length];
  let at = subject;
  for (let skipped = 0; skipped < texts; skipped++) at += 4 + encoding.readUInt32LE(at);
  return [at + 4, at + 4 + encoding.readUInt32LE(at)];
}

/** The number of fields before the path or address, for operations that have one. All of these fields are texts. */
const textsBeforePlace: ReadonlyMap<string, number> = new Map(
  operationNames
    .map((op) => [op, fieldsOf(op).findIndex(([name]) => name === "path" || name === "address")] as const)
    .filter(([, fields]) => fields >= 0),
);

function directoryEnd(encoding: Buffer, start: number, end: number): number {
  for (let at = end - 1; at > start; at--) if (encoding[at] === SLASH) return at;
  return start;
}

/** FNV-1a. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash;
}

function mix(one: number, other: number): number {
  const mixed = Math.imul(one ^ Math.imul(other, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
