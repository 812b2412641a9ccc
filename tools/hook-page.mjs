/** `docs/hooks.md`, generated from the table beside the BPF programs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const HOOK_PAGE = "docs/hooks.md";

/** By family: the hook, its events, what it captures, and the tracepoints that replace it where BPF LSM is not available. */
const TABLE = "packages/linux/bpf/hooks.json";

const PREFACE = `# Hooks of the bpf sensor

<!-- Made by \`npm run docs\` from packages/linux/bpf/hooks.json. Change the table, not this page. -->

Each row is a hook of the kernel at which a BPF program decides about an event or reports it, and what that program records. Every
event also records the acting process, its identity and its credentials. A hook without an event only prepares what another hook
decides. What the sensor guarantees is described in [the guarantees](guarantees/bpf.md).

"Without hooks" names the tracepoints that replace a hook on a kernel where no program can be attached to it. They report the same
events, either afterwards or when the call begins ([the guarantees](guarantees/tracepoints.md)).
`;

/** @param {string} root @returns {Record<string, readonly [hook: string, events: string, captures: string, tracepoints?: string][]>} */
export function hookTable(root) {
  return JSON.parse(readFileSync(join(root, TABLE), "utf8"));
}

/** @param {string} root @returns {string} the page, as generated from the table */
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
