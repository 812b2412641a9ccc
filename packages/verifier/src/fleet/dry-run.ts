/** What a policy would change, before it takes effect: the last evidence of every node that it judges, appraised by it. */
import { appraise } from "@isoline/attest/appraise";
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
import type { Rules } from "./rules.ts";
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
  readonly red: number;
  readonly green: number;
  readonly same: number;
}

const AT_ONCE = 50;
/** No more changes are listed; all of them are counted. */
const MOST_CHANGES = 1000;

/** Evidence is judged as of when it came, so that it is not refused for its age. */
export async function dryRun(
  db: Database,
  rules: Rules,
  name: string,
  file: Uint8Array,
  tenant: string | undefined,
): Promise<DryRunResult> {
  await rules.policyIn(file);
  const changes: WouldChange[] = [];
  const sums = { red: 0, green: 0, same: 0 };
  const add = (change: WouldChange) => {
    if (change.from === change.to) sums.same++;
    else {
      if (change.to === "affirming") sums.green++;
      else if (change.from === "affirming") sums.red++;
      if (changes.length < MOST_CHANGES) changes.push(change);
    }
  };
  for (let behind = ""; ; ) {
    const rows = await evidenceBehind(db, tenant, behind, AT_ONCE);
    for (const row of rows) if (await isJudgedBy(rules, row, name)) await compare(db, rules, row, file, add);
    if (rows.length < AT_ONCE) return { changes, ...sums };
    behind = rows.at(-1)?.name ?? "";
  }
}

/** As it would be once the policy is there: a policy of a tenant's name takes that tenant's nodes from `default`. */
async function isJudgedBy(rules: Rules, { tenant, labels }: NodeRow, name: string): Promise<boolean> {
  if (labels["policy"] !== undefined) return labels["policy"] === name;
  return name === tenant || (await rules.policyNameOf({ tenant, labels })) === name;
}

async function compare(
  db: Database,
  rules: Rules,
  row: NodeRow & EvidenceRow,
  file: Uint8Array,
  add: (change: WouldChange) => void,
): Promise<void> {
  const verdict = await verdictBy(rules, row, file);
  const why = verdict.why ?? "all checks pass";
  add({ node: row.name, from: row.state, to: verdict.state, why });
  for (const { label, state } of await canistersOf(db, row.name)) {
    const would = verdict.canisters?.find((one) => one.label === label);
    const to = would?.state ?? "unverifiable";
    add({ node: row.name, label, from: state, to, why: would?.why ?? (would === undefined ? why : "all checks pass") });
  }
}

async function verdictBy(rules: Rules, row: NodeRow & EvidenceRow, file: Uint8Array): Promise<Verdict> {
  const evidence = new EvidenceReading(row.evidence);
  const bodies = bodiesIn(evidence);
  const given = await rules.forNode(row, bodies?.canisters ?? []);
  const { policySigners, contourSigners, machines } = rules.trusted;
  const enrolled = enrolledAs(row.document);
  const appraisal = await appraise({
    evidence,
    challenge: row.challenge,
    trust: { ...trustIn(enrolled, machines), policySigners, contourSigners, contours: given.contours },
    policy: file,
    references: given.references,
    now: row.at,
    node: enrolled.id,
  });
  return verdictOf(appraisal, bodies);
}
