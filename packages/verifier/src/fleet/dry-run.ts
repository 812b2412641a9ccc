/** What a policy would change, before it takes effect: the last evidence of every node that it judges, appraised by it. */
import { type Accepted, type AppraisalRules, appraise, type Policy, readAccepted } from "@isoline/attest/appraise";
import { EvidenceReading } from "@isoline/attest/evidence";
import { canistersOf, type Database, evidenceBehind, type EvidenceRow, type NodeRow } from "../store/index.ts";
import { enrolledAs, trustIn } from "./enrolled-as.ts";
import type { FairTurns } from "./fair-turns.ts";
import type { Rules, RulesForNode } from "./rules.ts";
import { bodiesIn, verdictOf } from "./verdict.ts";
import { compared, isSilent, type Led, type Sums, type WouldChange } from "./would-change.ts";

export interface DryRunResult extends Sums {
  readonly changes: readonly WouldChange[];
  /** Changes that are not listed, since there are more than are listed. */
  readonly unlisted: number;
}

/** Evidence that is in memory at a time; each may have 8 MiB. */
const AT_ONCE = 10;
/** No more changes are listed; all of them are counted. */
const MOST_CHANGES = 1000;

/** What a policy is tried with. */
export interface DryRunParts {
  readonly db: Database;
  readonly rules: Rules;
  readonly turns: FairTurns;
}

/** Evidence is judged as of when it came, so that it is not refused for its age, and by what was accepted before it. */
export async function dryRun(
  { db, rules, turns }: DryRunParts,
  name: string,
  file: Uint8Array,
  tenant: string | undefined,
): Promise<DryRunResult> {
  const whose = tenant ?? "*";
  await turns.turn(whose);
  const reading = readOnce(await rules.policyIn(file));
  const changes: WouldChange[] = [];
  const sums = { unlisted: 0, red: 0, green: 0, other: 0, same: 0 };
  const add = (all: ReturnType<typeof compared>) => {
    for (const { as, ...change } of all) {
      sums[as]++;
      if (as === "same") continue;
      if (changes.length < MOST_CHANGES) changes.push(change);
      else sums.unlisted++;
    }
  };
  for (let behind = ""; ; ) {
    const rows = await evidenceBehind(db, tenant, behind, AT_ONCE);
    for (const row of rows) {
      if (!(await isJudgedBy(rules, row, name))) continue;
      const { tried, inForce } = await verdictsBy({ rules, turns }, row, { file, reading, whose });
      const canisters = new Map((await canistersOf(db, row.name)).map(({ label, state }) => [label, state]));
      add(compared({ name: row.name, state: row.state, canisters }, tried, inForce));
    }
    if (rows.length < AT_ONCE) return { changes, ...sums };
    behind = rows.at(-1)?.name ?? "";
  }
}

type ReadRules = RulesForNode["read"];

/** The policy is read once, and its rules are put together anew only where reference values have changed. */
function readOnce(policy: Policy): (read: ReadRules) => ReadRules {
  let known: { readonly references: unknown; readonly rules: Promise<AppraisalRules> } | undefined;
  return (read) => (file, references, signers) => {
    if (known?.references !== references) known = { references, rules: read(file, references, signers, { policy }) };
    return known.rules;
  };
}

/** As it would be once the policy is there: a policy of a tenant's name takes that tenant's nodes from `default`. */
async function isJudgedBy(rules: Rules, { tenant, labels }: NodeRow, name: string): Promise<boolean> {
  if (labels["policy"] !== undefined) return labels["policy"] === name;
  return name === tenant || (await rules.policyNameOf({ tenant, labels })) === name;
}

/** A policy that is tried, how it is read, and whose turns that takes. */
interface Trying {
  readonly file: Uint8Array;
  readonly reading: ReturnType<typeof readOnce>;
  readonly whose: string;
}

/** By the policy that is tried; and by the one in force, where it is asked what that one makes of the same evidence. */
async function verdictsBy(
  { rules, turns }: Pick<DryRunParts, "rules" | "turns">,
  row: NodeRow & EvidenceRow,
  { file, reading, whose }: Trying,
): Promise<{ readonly tried: Led; readonly inForce: Led | undefined }> {
  await turns.turn(whose);
  const evidence = new EvidenceReading(row.evidence);
  const bodies = bodiesIn(evidence);
  const breathe = turns.breath(whose);
  const given = await rules.forNode(row, bodies?.canisters ?? [], breathe);
  const { contours, awaited } = given;
  const { policySigners, contourSigners, machines } = rules.trusted;
  const enrolled = enrolledAs(row.document);
  const verdictBy = async (policy: Uint8Array, readRules: ReadRules): Promise<Led> => {
    // The database may have been asked meanwhile.
    await turns.turn(whose);
    const appraisal = await appraise({
      evidence,
      challenge: row.challenge,
      trust: { ...trustIn(enrolled, machines), policySigners, contourSigners, contours, awaited },
      policy,
      references: given.references,
      readRules,
      breathe,
      last: acceptedBefore(row),
      now: row.at,
      node: enrolled.id,
    });
    return verdictOf(appraisal, bodies);
  };
  const tried = await verdictBy(file, reading(given.read));
  if (!isSilent(row.state)) return { tried, inForce: undefined };
  return { tried, inForce: given.policy === undefined ? NOT_JUDGED : await verdictBy(given.policy.file, given.read) };
}

/** Without a policy nothing is proven. */
const NOT_JUDGED: Led = { state: "unverifiable", why: null, canisters: undefined };

/** A policy that is older than the one by which it was accepted will be refused, so that one counts. */
function acceptedBefore({ last, accepted }: NodeRow & EvidenceRow): Accepted | undefined {
  if (last === null) return undefined;
  const before = readAccepted(last);
  return accepted === null ? before : { ...before, policy: readAccepted(accepted).policy };
}
