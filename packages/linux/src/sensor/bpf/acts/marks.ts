/** Groups of fanotify and what they mark, in the words of the seccomp sensor (`seccomp/calls/marks.ts`). */
import { readQuietly } from "../../files/reading.ts";
import { asksFirst, eventsIn, groupIn, handsOut, scopeOf } from "../../words/fanotify.ts";
import type { Act } from "../../mediation.ts";
import { describeObject } from "../objects.ts";
import { operations, type Record } from "../record.ts";

/** Decoders by operation. */
export const markActs: readonly (readonly [number, (record: Record) => Act])[] = [
  [operations.fanotify, (record) => ({ op: "fanotify", subject: groupOf(record.argument(0), record.argument(1)) })],
  [operations.fanotifyMark, mark],
];

const groupOf = (flags: number, opens: number) => ({ group: groupIn(flags), access: handsOut(flags, opens) });

function mark(record: Record): Act {
  const mask = BigInt(record.argument(0));
  if (asksFirst(mask)) readQuietly();
  const group = groupOf(record.argument(2), record.argument(3));
  const where = { scope: scopeOf(record.argument(1)), events: eventsIn(mask) };
  return { op: "fanotify-mark", subject: { ...group, ...where, ...describeObject(record.object(0)) } };
}
