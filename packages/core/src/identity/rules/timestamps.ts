/**
 * Rule `timestamp`: a name with a time of day, to the second, differs each time.
 *
 *   made by the namespace      2026-11-24T14_20_30_123Z-debug-0.log → {@time}-debug-0.log
 *   there before               backup-20261124T142030.tar → {backup-@past}.tar
 *
 * A name that existed before needs a label as well, because programs remove files of their earlier runs. But another program
 * may have created it, so its label never equals that of a name that the namespace created. A date alone stays: there is one
 * file a day, and which day it is may matter.
 */
import type { Label, Labelled } from "../creations.ts";

/** Date and time of day to the second, with or without separators, fraction and zone. */
const MOMENT =
  /(?:19|20)\d\d(?:-[01]\d-[0-3]\d[T_-][0-2]\d[-:_.]?[0-5]\d[-:_.]?[0-5]\d|[01]\d[0-3]\d[T_-]?[0-2]\d[0-5]\d[0-5]\d)(?:[-:_.]\d{1,9})?Z?(?!\d)/;

/** The label of a name that the namespace creates, if it contains a time. */
export function momentIn(name: string): Label | undefined {
  const text = withoutMoment(name, "@time");
  return text === undefined ? undefined : { text, fans: 0, rule: "timestamp" };
}

/** Labels for the components of a path, after position `from`, that contain a time and existed before. */
export function momentsIn(path: string, from: number): Labelled[] {
  if (!MOMENT.test(path)) return [];
  const labels: Labelled[] = [];
  for (let start = from + 1; start <= path.length; ) {
    const slash = path.indexOf("/", start);
    const end = slash < 0 ? path.length : slash;
    const text = withoutMoment(path.slice(start, end), "@past");
    if (text !== undefined) labels.push({ start, end, label: { text, fans: 0, rule: "timestamp" } });
    start = end + 1;
  }
  return labels;
}

/** A name that looks like another token stays as it is. */
function withoutMoment(name: string, word: "@time" | "@past"): string | undefined {
  const found = MOMENT.exec(name);
  if (!found || /[{}#$@]/.test(name)) return undefined;
  if (found.index > 0 && /\d/.test(name.charAt(found.index - 1))) return undefined;
  return `{${name.slice(0, found.index)}${word}}${name.slice(found.index + found[0].length)}`;
}
