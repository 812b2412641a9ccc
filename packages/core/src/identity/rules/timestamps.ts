/**
 * Rule `timestamp`: a moment in a name, to the second, is another one each time.
 *
 *   2026-11-24T14_20_30_123Z-debug-0.log → {@time}-debug-0.log        backup-20261124T142030.tar → {backup-@time}.tar
 *
 * Unlike a random name it needs no creation to be seen: programs clear away what earlier runs of theirs left. A date
 * alone stays, because there is one file a day and which day may matter.
 */
import type { Labelled } from "../creations.ts";

/** Date and time of day to the second, with or without separators, fraction and zone. */
const MOMENT =
  /(?:19|20)\d\d(?:-[01]\d-[0-3]\d[T_-][0-2]\d[-:_.]?[0-5]\d[-:_.]?[0-5]\d|[01]\d[0-3]\d[T_-]?[0-2]\d[0-5]\d[0-5]\d)(?:[-:_.]\d{1,9})?Z?(?!\d)/;

/** Labels for the components of a path, after position `from`, whose names hold a moment. */
export function momentsIn(path: string, from: number): Labelled[] {
  if (!MOMENT.test(path)) return [];
  const labels: Labelled[] = [];
  for (let start = from + 1; start <= path.length; ) {
    const slash = path.indexOf("/", start);
    const end = slash < 0 ? path.length : slash;
    const text = withoutMoment(path.slice(start, end));
    if (text !== undefined) labels.push({ start, end, label: { text, fans: 0, rule: "timestamp" } });
    start = end + 1;
  }
  return labels;
}

/** A name that could be taken for another token keeps its moment. */
function withoutMoment(name: string): string | undefined {
  const found = MOMENT.exec(name);
  if (!found || /[{}#$@]/.test(name)) return undefined;
  if (found.index > 0 && /\d/.test(name.charAt(found.index - 1))) return undefined;
  return `{${name.slice(0, found.index)}@time}${name.slice(found.index + found[0].length)}`;
}
