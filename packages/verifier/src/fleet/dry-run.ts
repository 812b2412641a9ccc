/** What a policy would change, before it takes effect: the last evidence of every node that it judges, appraised by it. */
import { type AppraisalRules, appraise, type Policy } from "@isoline/attest/appraise";
import { EvidenceReading } from "@isoline/attest/evidence";
import {
  canistersOf,
  type Database,
  evidenceBehind,
  type EvidenceRow,
  type NodeRow,
  type State,
} from "../store/index.ts";
import { enrolledAs, trustIn } from "./enrolled-as.ts";
import type { FairTurns } from "./fair-turns.ts";
import type { Rules, RulesForNode } from "./rules.ts";
import { bodiesIn, type Verdict, verdictOf } from "./verdict.ts";

export interface WouldChange {
  readonly node: string;
  readonly label?: string;
  readonly from: State;
  readonly to: State;
  readonly why: string;
}

export interface DryRunResult {
  readonly changes: readonly WouldChange[];
  /** Changes that are not listed, since there are more than are listed. */
  readonly unlisted: number;
  readonly red: number;
  readonly green: number;
  readonly same: number;
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

/** Evidence is judged as of when it came, so that it is not refused for its age. */
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
  const sums = { unlisted: 0, red: 0, green: 0, same: 0 };
  const add = (all: readonly WouldChange[]) => {
    for (const change of all) {
      if (change.from === change.to) sums.same++;
      else {
        if (change.to === "affirming") sums.green++;
        else if (change.from === "affirming") sums.red++;
        if (changes.length < MOST_CHANGES) changes.push(change);
        else sums.unlisted++;
      }
    }
  };
  for (let behind = ""; ; ) {
    const rows = await evidenceBehind(db, tenant, behind, AT_ONCE);
    for (const row of rows) {
      if (!(await isJudgedBy(rules, row, name))) continue;
      add(await compared(db, row, await verdictBy({ rules, turns }, row, { file, reading, whose })));
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

async function compared(db: Database, row: NodeRow, verdict: Verdict): Promise<readonly WouldChange[]> {
  const why = verdict.why ?? "all checks pass";
  const would = new Map(verdict.canisters?.map((one) => [one.label, one]));
  const canisters = (await canistersOf(db, row.name)).map(({ label, state }) => {
    const one = would.get(label);
    const to = one?.state ?? "unverifiable";
    return { node: row.name, label, from: state, to, why: one?.why ?? (one === undefined ? why : "all checks pass") };
  });
  return [{ node: row.name, from: row.state, to: verdict.state, why }, ...canisters];
}

/** A policy that is tried, how it is read, and whose turns that takes. */
interface Trying {
  readonly file: Uint8Array;
  readonly reading: ReturnType<typeof readOnce>;
  readonly whose: string;
}

async function verdictBy(
  { rules, turns }: Pick<DryRunParts, "rules" | "turns">,
  row: NodeRow & EvidenceRow,
  { file, reading, whose }: Trying,
): Promise<Verdict> {
  await turns.turn(whose);
  const evidence = new EvidenceReading(row.evidence);
  const bodies = bodiesIn(evidence);
  const breathe = turns.breath(whose);
  const given = await rules.forNode(row, bodies?.canisters ?? [], breathe);
  // The database may have been asked meanwhile.
  await turns.turn(whose);
  const { contours, awaited } = given;
  const { policySigners, contourSigners, machines } = rules.trusted;
  const enrolled = enrolledAs(row.document);
  const appraisal = await appraise({
    evidence,
    challenge: row.challenge,
    trust: { ...trustIn(enrolled, machines), policySigners, contourSigners, contours, awaited },
    policy: file,
    references: given.references,
    readRules: reading(given.read),
    breathe,
    now: row.at,
    node: enrolled.id,
  });
  return verdictOf(appraisal, bodies);
}
