/** Rows of the matrix: a TPM that was started anew under the same count of resets (TPM Restart), and one that slept (TPM Resume). */
import type { Accepted } from "../../packages/attest/src/appraise/index.ts";
import { forTenant, qualifyingData } from "../../packages/attest/src/evidence/index.ts";
import { encodeRecord, type LedgerRecord, replayLedger } from "../../packages/attest/src/register/index.ts";
import { type Bench, digest, type Row } from "./bench.ts";
import { published } from "./published.ts";

/**
 * A departure of `web` is recorded and not told of. Root then empties the registers, extends what was accepted into them once more, and
 * goes on from there with ends in which nothing departed.
 */
async function setBack(bench: Bench): Promise<Accepted> {
  const last = await bench.accepted();
  const { ledger } = bench.node;
  const accepted = ledger.length;
  await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
  ledger.length = accepted;
  await bench.node.restart("clear");
  for (const { newborn, birth } of [bench.web, bench.db]) {
    const { registers } = replayLedger(bench.node.ledgerFile());
    const { value } = registers.get(Buffer.from(newborn.name).toString("hex"))!;
    const totals = { events: 100, off: 0, refused: 0, lost: 0, measurement: digest(6), state: published.state };
    const about = { register: newborn.name, birth, sequence: ledger.length, at: 1_790_000_000_000 };
    ledger.push(encodeRecord({ kind: "end", ...about, ...totals, value } as LedgerRecord));
  }
  await bench.node.extendBirths(ledger);
  return last;
}

export const restartRows: readonly Row[] = [
  {
    group: "Restarts",
    forgery:
      "a departure, taken out of the births' register by a start of the TPM that its count of resets does not show",
    caught: "ledger: incomplete",
    send: async (bench) => {
      const last = await setBack(bench);
      await bench.bear();
      return { evidence: await bench.honest(), question: { last } };
    },
  },
  {
    group: "Restarts",
    forgery: "the same, with a certificate from before that start of the register that the ledger began with",
    caught: "ledger: broken-evidence",
    send: async (bench) => {
      const told = await bench.node.evidence(bench.challenge, []);
      const begun = bench.node.registers.slice(0, 1).map(({ name }) => name);
      const qualifying = qualifyingData(bench.challenge, told.node, told.tree.root);
      const { registers } = await bench.node.signedAnew(told, qualifying, begun);
      const last = await setBack(bench);
      return {
        evidence: await bench.node.evidence(bench.challenge, [], { proofs: { registers } }),
        question: { last },
      };
    },
  },
  {
    group: "Restarts",
    forgery: "the same, with a ledger that says that it began after it",
    caught: "ledger: equivocation",
    send: async (bench) => {
      const last = await bench.accepted();
      await bench.node.restart("clear");
      bench.node.ledger.length = 0;
      await bench.node.begin();
      await bench.bear();
      return { evidence: await bench.honest(), question: { last } };
    },
  },
  {
    group: "No alarm",
    forgery: "a suspend, shown to the tenant of one canister",
    caught: "no alarm",
    send: async (bench) => {
      await bench.node.restart("state");
      return { evidence: forTenant(await bench.honest(), "web"), question: { about: ["web"] } };
    },
  },
];
