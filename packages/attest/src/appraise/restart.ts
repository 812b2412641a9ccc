/** A TPM that restarted since the ledger began: whether it kept its registers. */
import { equal } from "../cbor/index.ts";
import type { Evidence } from "../evidence/index.ts";
import { broken, incomplete } from "./findings.ts";
import type { LedgerFacts } from "./ledger.ts";
import type { Question } from "./question.ts";
import { assertRegister, type Proven } from "./register.ts";

/**
 * A TPM that was shut down with its state and then started without it (TPM Restart) has empty registers under the same count of resets, so
 * root could extend a shorter past into the births' register. A suspend counts as a restart too and keeps all registers. The one that the
 * ledger began with tells them apart: it is gone after the first, and nothing begins it again.
 */
export async function assertNotSetBack(
  evidence: Evidence,
  proven: Proven,
  facts: LedgerFacts,
  { last, verifiesEcdsa }: Question,
  warn: (why: string) => void,
): Promise<void> {
  const { register, restartCount: began } = facts.ledger.begin;
  const { resetCount, restartCount } = proven.clock;
  const isKnown = last?.ledger !== undefined && last.clock?.resetCount === resetCount;
  if (restartCount > 0 && !isKnown)
    warn(
      `the TPM was suspended or restarted before any ledger of this boot was accepted (restart ${restartCount}): ` +
        "whether there was an earlier ledger, and what it told, is proven neither way",
    );
  if (restartCount === began) return;
  if (restartCount < began)
    throw broken(
      `a ledger that began no later than restart ${restartCount}`,
      `one of restart ${began}`,
      "its beginning was made up: distrust this boot",
    );
  if (!evidence.registers.some(({ name }) => equal(name, register)))
    throw incomplete(
      `a certificate of the register that the ledger began with, since the TPM restarted (${began} restarts then, ${restartCount} now)`,
      "none",
      "update isoline on the node if it only slept; else its registers were emptied: boot it anew",
    );
  await assertRegister(register, evidence, proven, facts, warn, verifiesEcdsa);
}
