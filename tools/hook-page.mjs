/** `docs/hooks.md`, made from the table beside the BPF programs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const HOOK_PAGE = "docs/hooks.md";

/** By family: hook, events that come of it, what it captures, which tracepoints stand in for it where there are no hooks. */
const TABLE = "packages/linux/bpf/hooks.json";

const PREFACE = `# Hooks of the bpf sensor

<!-- Made by \`npm run docs\` from packages/linux/bpf/hooks.json. Change the table, not this page. -->

Where the kernel asks the sensor, or tells it, and what is taken down of it. Beside that, each event has the acting process,
its identity and its credentials. Where no event is named, the hook only prepares what another decides. What all of it is
worth stands in [the guarantees](guarantees/bpf.md).

"Without hooks" names the tracepoints that stand in for a hook where a kernel lets nobody attach to it: they tell of the same
events, afterwards or as the call begins ([the guarantees](guarantees/tracepoints.md)).
`;

/** @param {string} root @returns {Record<string, readonly [hook: string, events: string, captures: string, tracepoints?: string][]>} */
export function hookTable(root) {
  return JSON.parse(readFileSync(join(root, TABLE), "utf8"));
}

/** @param {string} root @returns {string} the page as the table wants it */
export function hookPage(root) {
  const table = hookTable(root);
  const count = Object.values(table).flat().length;
  const sections = Object.entries(table).map(([family, hooks]) =>
    [
      `## ${family.charAt(0).toUpperCase()}${family.slice(1)}`,
      "",
      "| hook | events | what it captures | without hooks |",
      "| --- | --- | --- | --- |",
      ...hooks.map(
        ([hook, events, captures, tracepoints = "-"]) =>
          `| \`${hook}\` | ${namesOf(events)} | ${captures} | ${namesOf(tracepoints)} |`,
      ),
      "",
    ].join("\n"),
  );
  return [PREFACE, `${count} hooks in all.\n`, ...sections].join("\n");
}

/** @param {string} events */
const namesOf = (events) =>
  events === "-"
    ? ""
    : events
        .split(", ")
        .map((event) => `\`${event}\``)
        .join(" ");
