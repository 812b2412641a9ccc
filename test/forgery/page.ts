/** The page of the matrix, made from its rows. */
import type { checks } from "../../packages/attest/src/appraise/index.ts";
import type { Row } from "./bench.ts";

const PREFACE = `# The forgery matrix

<!-- Made by \`npx vitest run test/forgery -u\` from the rows in test/forgery. Change the rows, not this page. -->

What a node, root on it, or a stranger between it and the verifier may send instead of true evidence, and the check that catches it.
Each row is made on a real swtpm and appraised by the code of \`isoline attest verify\`, and by a second verifier that was written
from [the specification](spec/evidence.md). The second one refuses every policy that demands a confidential machine: it reads no
reports. Their chip and its maker exist only in tests. Rows about a supervisor or a TPM that was killed are made as it leaves things behind.
`;

/** What no verifier can see. */
const UNSEEN = [
  [
    "a departure after the last accepted evidence, and then a power cycle",
    "The registers and the ledger's tie to them are gone with the boot. The verifier sees that the node booted anew (`resetCount`), " +
      "and accepts it, because a reboot must not alarm. What the node did between the two is not proven, neither good nor bad.",
  ],
  [
    "a departure before the first accepted evidence of a boot, and then a start of the TPM without the state that it had kept (TPM Restart)",
    "The registers are empty under the same `resetCount`, so another ledger can begin. The count of restarts is then more than none: " +
      "`ledger` warns of it until a ledger of that boot was accepted, because a machine that slept counts one as well.",
  ],
  [
    "a canister without a register of its own or a place in the shared one, left out by the node",
    "Only a birth in the ledger shows that a canister was there. `required` in a policy names those that must be.",
  ],
  [
    "whatever the kernel or the supervisor says after root has changed either",
    "What was extended before stays. What is said afterwards is the word of the attacker, under the right key.",
  ],
  [
    "a lie of a node from its first record on, under a boot that the reference values accept",
    "The TPM vouches for the order and the boot, not for the truth of what software extends.",
  ],
] as const;

export function forgeryPage(rows: readonly Row[], names: typeof checks): string {
  const groups = [...new Set(rows.map(({ group }) => group))];
  const tables = groups.flatMap((group) => [
    `## ${group}`,
    "",
    "| what is sent | caught by | as |",
    "| --- | --- | --- |",
    ...rows
      .filter((row) => row.group === group)
      .map(({ forgery, caught }) => {
        const [check = "", failure = ""] = caught.split(": ");
        return `| ${forgery} | ${failure === "" ? "nothing: no alarm" : `\`${check}\``} | ${failure === "" ? "–" : `\`${failure}\``} |`;
      }),
    "",
  ]);
  return [
    PREFACE,
    ...tables,
    "A sample with a bit flipped in each of its bytes is caught as well. Of the firmware's log only registers and digests are believed:",
    "header, types and descriptions are not measured, and nothing rests on them but what a reference says of types.",
    "",
    "## What is not caught",
    "",
    "| what happens | why it is not seen |",
    "| --- | --- |",
    ...UNSEEN.map(([what, why]) => `| ${what} | ${why} |`),
    "",
    "## Checks",
    "",
    "In the order in which they are made. A node that fails one says nothing of its canisters.",
    "",
    "| check | asks |",
    "| --- | --- |",
    ...Object.entries(names).map(([name, asks]) => `| \`${name}\` | ${asks} |`),
    "",
  ].join("\n");
}
