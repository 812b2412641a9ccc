/** The lines of an evidence file that hold JSON, each read into a value that is valid from then on; undefined for any other. */
import { isDigest } from "../digest.ts";
import type { Acceptance, ReplacedAct } from "./remarks.ts";
import { type RunRecord, starts } from "./run-record.ts";

const MOST_TEXT = 1 << 16;
const MOST_ENTRIES = 256;

export function isId(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text);
}

export function readRun(value: unknown): RunRecord | undefined {
  if (!isObject(value)) return undefined;
  const { id, when, command, lens, sensor, versions, start, incomplete } = value;
  if (!isText(id) || !isId(id) || !isTime(when) || !isText(command) || !isText(lens) || !isDigest(lens))
    return undefined;
  if (!isText(sensor) || !isRecord(versions, isText) || !isRecord(incomplete, isCount)) return undefined;
  const known = starts.find((each) => each === start);
  return known && { id, when, command, lens, sensor, versions, start: known, incomplete };
}

export function readReplaced(value: unknown): ReplacedAct | undefined {
  if (!isObject(value)) return undefined;
  const { rule, point, task, credentials, act } = value;
  if (!isText(rule) || !isText(point) || !isDigest(point) || !isText(task) || !isDigest(task)) return undefined;
  return isText(credentials) && isText(act) ? { rule, point, task, credentials, act } : undefined;
}

export function readAcceptance(value: unknown): Acceptance | undefined {
  if (!isObject(value)) return undefined;
  const { point, when, by, reason, source } = value;
  if (!isText(point) || !isDigest(point) || !isTime(when)) return undefined;
  return isText(by) && isText(reason) && isText(source) ? { point, when, by, reason, source } : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRecord<T>(value: unknown, fits: (entry: unknown) => entry is T): value is Readonly<Record<string, T>> {
  return isObject(value) && Object.keys(value).length <= MOST_ENTRIES && Object.values(value).every(fits);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= MOST_TEXT;
}

function isTime(value: unknown): value is string {
  return isText(value) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
