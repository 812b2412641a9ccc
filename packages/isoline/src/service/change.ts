/** A change of a small file, line by line, in the form of a unified difference with the whole file as its context. */
export function changeOf(path: string, before: string | undefined, after: string | undefined): string {
  const [old, young] = [linesOf(before), linesOf(after)];
  const least = Math.min(old.length, young.length);
  let head = 0;
  while (head < least && old[head] === young[head]) head += 1;
  let tail = 0;
  while (tail < least - head && old.at(-1 - tail) === young.at(-1 - tail)) tail += 1;
  return [
    `--- ${before === undefined ? "/dev/null" : path}`,
    `+++ ${after === undefined ? "/dev/null" : path}`,
    `@@ -${rangeOf(old)} +${rangeOf(young)} @@`,
    ...young.slice(0, head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...young.slice(head, young.length - tail).map((line) => `+${line}`),
    ...young.slice(young.length - tail).map((line) => ` ${line}`),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

const linesOf = (text: string | undefined) => (text === undefined ? [] : text.replace(/\n$/, "").split("\n"));
const rangeOf = (lines: readonly string[]) => `${lines.length === 0 ? 0 : 1},${lines.length}`;
