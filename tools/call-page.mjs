/** `docs/system-calls.md`, generated from the table of all system calls and the tables of the requests of multiplexing calls. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const CALL_PAGE = "docs/system-calls.md";

const CALLS = "packages/linux/system-calls/calls.json";
const REQUESTS = "packages/linux/system-calls/requests.json";

/**
 * @typedef {{ readonly calls: Readonly<Record<string, number>> }} Group
 * @typedef {Group & { readonly event: string }} Mediated
 * @typedef {Group & { readonly because: string }} Harmless
 * @typedef {Group & { readonly unseen: string, readonly instead: string }} Gap
 * @typedef {object} Calls
 * @property {readonly Mediated[]} mediated
 * @property {readonly Harmless[]} harmless
 * @property {readonly Gap[]} gap
 * @property {readonly Harmless[]} absent
 *
 * @typedef {object} Requests
 * @property {readonly { readonly number: number, readonly name: string, readonly event?: string, readonly answer?: string }[]} mediated
 *   An answer is that to a request that is no event.
 * @property {readonly { readonly requests: string, readonly because: string }[]} harmless
 * @property {readonly { readonly requests: string, readonly unseen: string, readonly instead: string }[]} gap
 * @property {string} [note]
 */

const PREFACE = `# System calls

<!-- Made by \`npm run docs\` from packages/linux/system-calls/*.json. Change the tables, not this page. -->

Every system call of x86-64 in Linux 6.18, and what the seccomp sensor does with it:

- **mediated**: the call stops, and the supervisor decides about it before it does anything. The row names its event.
- *harmless*: it does not stop. The row says why it need not.
- **gap**: it does not stop, and does something that no event reports. The row says what that is, and what to do about it.

Numbers up to 462 are those of Debian's \`linux-libc-dev\` 6.12; later numbers, and 336, are taken from
\`arch/x86/entry/syscalls/syscall_64.tbl\` of Linux 6.18. A number in no row did not exist in any kernel when this was written.
Such a call fails with ENOSYS and is an \`abi\` event, so that the calls of a newer kernel cannot bypass the sensor. How the bpf
sensor differs is described in [the guarantees](guarantees/bpf-differences.md).
`;

/** @param {string} root @returns {Calls} */
export const callTable = (root) => JSON.parse(readFileSync(join(root, CALLS), "utf8"));

/** @param {string} root @returns {Record<string, Requests>} */
export const requestTable = (root) => JSON.parse(readFileSync(join(root, REQUESTS), "utf8"));

/** @param {string} root @returns {string} the page, as generated from the tables */
export function callPage(root) {
  const { mediated, harmless, gap, absent } = callTable(root);
  const rows = [
    ...mediated.flatMap((group) => rowsOf(group, `**mediated**: ${group.event}`)),
    ...harmless.flatMap((group) => rowsOf(group, `*harmless*: ${group.because}`)),
    ...gap.flatMap((group) => rowsOf(group, `**gap**: ${group.unseen} ${group.instead}`)),
    ...absent.flatMap((group) => rowsOf(group, `*harmless*: ${group.because}`)),
  ].sort(([a], [b]) => a - b);
  const counts = [mediated, harmless, gap, absent].map((groups) =>
    groups.reduce((sum, { calls }) => sum + Object.keys(calls).length, 0),
  );
  return [
    PREFACE,
    `${rows.length} calls: ${counts[0]} mediated, ${counts[1]} harmless, ${counts[2]} gaps, ${counts[3]} that do not exist.`,
    "",
    "| number | call | |",
    "| --- | --- | --- |",
    ...rows.map(([number, name, said]) => `| ${number} | \`${name}\` | ${cell(said)} |`),
    "",
    "## Multiplexing calls",
    "",
    "The requests that stop, by number. All other requests of the call go ahead.",
    "",
    ...Object.entries(requestTable(root)).flatMap(([call, requests]) => requestSection(call, requests)),
  ].join("\n");
}

/** @param {Group} group @param {string} said @returns {[number: number, name: string, said: string][]} */
const rowsOf = ({ calls }, said) => Object.entries(calls).map(([name, number]) => [number, name, said]);

/** @param {string} call @param {Requests} requests @returns {string[]} */
function requestSection(call, { mediated, harmless, gap, note }) {
  const rows = [
    ...mediated.map(
      ({ number, name, event, answer }) =>
        `| ${name} (${shown(number)}) | **mediated**: ${event?.replace(/[a-z-]+/g, "`$&`") ?? answer} |`,
    ),
    ...harmless.map(({ requests, because }) => `| ${requests} | *harmless*: ${because} |`),
    ...gap.map(({ requests, unseen, instead }) => `| ${requests} | **gap**: ${unseen} ${instead} |`),
  ];
  const table = rows.length > 0 ? ["| request | |", "| --- | --- |", ...rows, ""] : [];
  return [`### ${call}`, "", ...(note === undefined ? [] : [note, ""]), ...table];
}

const shown = (/** @type {number} */ number) => (number > 255 ? `0x${number.toString(16)}` : `${number}`);

const cell = (/** @type {string} */ text) => text.replaceAll("|", "\\|");
