/** The tables of a verifier's database, as Kysely sees them. `migrations.ts` makes them; times are `timestamptz`. */
import type { ColumnType, Generated } from "kysely";

export type State = "affirming" | "contraindicated" | "unverifiable" | "stale" | "revoked" | "unknown";

/** What a change leads to. A node that is gone was collected or retired, with all of its canisters. */
export type ChangedTo = State | "gone";

/** A check of an appraisal, as it is kept. */
export interface LinkRow {
  readonly name: string;
  readonly state: "passed" | "warned" | "failed";
  readonly failure?: string;
  readonly why?: string;
}

export interface CounterRow {
  readonly events: number;
  readonly departures: number;
  readonly refused: number;
  readonly lost: number;
  readonly untrusted: number;
}

/** Processes of a canister that departed: how many, and the first of them. */
export interface DepartedProcesses {
  readonly total: number;
  readonly items: readonly {
    /** Its number in the namespace, while it lived. */
    readonly process: number;
    readonly pid: number;
    /** When, by the node's clock; ISO 8601 in UTC. */
    readonly at: string;
    /** Of what it did, in hexadecimal; left out where the node does not know. */
    readonly point?: string;
  }[];
}

/** Written as text, read as the value. */
type Json<T> = ColumnType<T, string, string>;

/** What every verdict has. */
interface VerdictColumns {
  state: State;
  failure: string | null;
  why: string | null;
  since: Date;
  links: Json<readonly LinkRow[]>;
}

/** A node that was enrolled, with its verdict. */
export interface NodeTable extends VerdictColumns {
  name: string;
  /** Digest of the Name of its attestation key; without a TPM, of its key. */
  id: string;
  tenant: string;
  labels: Json<Readonly<Record<string, string>>>;
  /** The enrolled node, as `@isoline/attest/enrol` writes it. */
  document: string;
  /** The confidential machine that it was enrolled on; null: it was enrolled by its TPM. */
  machine: string | null;
  /** SHA-256 of its token, in hexadecimal. */
  token: string;
  enrolled: Date;
  /** When it last sent evidence that changed something; the owner knows better. */
  seen: Date | null;
  /** From when on it is silent, by the database's clock, as the verifier knew it that gave it back to another; null: that is not known. */
  silent: Date | null;
  /** From when on it is stale, or unknown, by the database's clock; null: it is neither. Verifiers of before 0015 do not write it. */
  idle: Generated<Date | null>;
  root: "none" | "tpm" | "tee" | "tpm+tee";
  sensors: Json<readonly string[]> | null;
  kernel: string | null;
  build: string | null;
  /** What `@isoline/attest/appraise` keeps of the last accepted evidence; null before the first. */
  accepted: string | null;
  /** Of the verdict that is written: evidence that leads to the same one is no news. Null where nothing is known of it. */
  imprint: string | null;
  /** The verifier that holds the newer of it in memory; null: none. */
  owner: string | null;
}

export interface CanisterTable extends VerdictColumns {
  node: string;
  label: string;
  tenant: string;
  image: string | null;
  contour: string | null;
  mode: string;
  sensor: string;
  root: "tpm" | "tee" | "node";
  started: Date;
  points: number;
  measurement: string;
  counters: Json<CounterRow>;
  /** Null where no register was checked. */
  processes: Json<DepartedProcesses> | null;
}

/** Every change of a verdict, in the order in which they were committed. */
export interface ChangeTable {
  id: Generated<number>;
  at: Date;
  node: string;
  /** Null for the node itself. */
  label: string | null;
  tenant: string;
  before: State;
  after: ChangedTo;
  failure: string | null;
  why: string | null;
  counters: Json<CounterRow> | null;
}

/** What a canister counted, when that was another count of what is bad than before. A row goes with its canister. */
export interface ReportTable {
  id: Generated<number>;
  node: string;
  label: string;
  /** Tens of seconds since 1970. Of the reports in one, the last is kept. */
  slot: number;
  at: Date;
  counters: Json<CounterRow>;
}

/** The last evidence of a node that changed something, for dry runs. */
export interface EvidenceTable {
  node: string;
  at: Date;
  challenge: Uint8Array;
  evidence: Uint8Array;
  /** What was accepted of the node before it, by which it was judged; null before the first. Verifiers of before 0017 do not write it. */
  last: string | null;
}

export interface DepartureTable {
  id: Generated<number>;
  node: string;
  label: string;
  at: Date;
  line: string;
  why: string | null;
  nearest: string | null;
  program: string | null;
  refused: boolean;
  times: number;
  /** In hexadecimal; null where the node did not say. */
  point: string | null;
}

/** The keys of nodes that are gone: one that is enrolled again goes on from what was accepted. */
export interface RetiredKeyTable {
  /** As a node has it. */
  id: string;
  /** The clock of the TPM, the ledger, and the version of the policy, as the node had them. */
  accepted: string;
  at: Date;
}

/** The label `policy` of nodes that are gone, by their keys: a key has it again in the tenant that it had it in. */
export interface RetiredPolicyTable {
  id: string;
  tenant: string;
  policy: string;
  at: Date;
}

/** The names of nodes that are gone, which had the label `policy`: no other key takes such a name by a token without that label. */
export interface RetiredNameTable {
  name: string;
  tenant: string;
  policy: string;
  at: Date;
}

/** One-time tokens for enrolments, by the SHA-256 of each. */
export interface EnrolmentTokenTable {
  token: string;
  tenant: string;
  labels: Json<Readonly<Record<string, string>>>;
  name: string | null;
  expires: Date;
  used: Date | null;
}

/** Enrolments whose answer has not come yet. */
export interface EnrolmentTable {
  id: string;
  name: string;
  tenant: string;
  labels: Json<Readonly<Record<string, string>>>;
  document: string;
  secret: Uint8Array;
  /** The id by which a node of this name was enrolled when this began; null: there was none. */
  replaces: string | null;
  begun: Date;
}

export interface PolicyTable {
  name: string;
  version: number;
  digest: string;
  file: Uint8Array;
  since: Date;
  who: string;
}

export interface ReferenceTable {
  name: string;
  digest: string;
  file: Uint8Array;
  since: Date;
  who: string;
}

export interface ContourTable {
  digest: string;
  file: Uint8Array;
  /** Whether a person put it there. What an agent sends is shown, and counts only where a reference or a signature names it. */
  reviewed: boolean;
  since: Date;
}

/** Contours that count no longer, though trusted keys may have signed them. Their bytes may be forgotten; this is not. */
export interface WithdrawnContourTable {
  digest: string;
  since: Date;
}

export interface AuditTable {
  id: Generated<number>;
  at: Date;
  who: string;
  tenant: string | null;
  act: string;
  object: string;
  detail: string;
}

/** Verifiers that are alive. One that has not renewed its lease owns nothing any more. */
export interface VerifierTable {
  id: string;
  host: string;
  started: Date;
  until: Date;
  /** The length of its lease. */
  seconds: number;
}

/** How far changes have been sent to each receiver. */
export interface ReceiverTable {
  name: string;
  sent: number;
  tries: number;
  next: Date;
  skipped: number;
}

/** The transparency log that this database is stated into; one row, or none. */
export interface LogTable {
  id: number;
  /** What statements name as their source: 16 random bytes in hexadecimal. */
  source: string;
  /** Key of the digests of labels. */
  label_key: Uint8Array;
  origin: string;
  /** The number that was given last. */
  last: number;
  /** The statements that the log has, and among how many entries. */
  appended: number;
  size: number;
  /** The latest hour of `root_hours`, in hours since 1970 by the clock of the database; 0 before the first. */
  hour: number;
  /** The verifier that appends. */
  writer: string | null;
}

/** Hours whose root was stated. Each has one. */
export interface RootHourTable {
  hour: number;
}

/** Statements that the log is not known to have. */
export interface StatementTable {
  number: number;
  entry: Uint8Array;
}

/** The revocation epoch; one row. */
export interface RevocationTable {
  id: number;
  /** How many revocations there were. */
  epoch: number;
  /** When the last one was; before the first, when the table was made. */
  raised: Date;
}

/** Intervals that nodes were told and may go by, until each runs out. */
export interface IntervalTable {
  /** The same for those that are nearly as long. */
  id: number;
  seconds: number;
  until: Date;
}

export interface Tables {
  nodes: NodeTable;
  canisters: CanisterTable;
  changes: ChangeTable;
  reports: ReportTable;
  evidence: EvidenceTable;
  departures: DepartureTable;
  retired_keys: RetiredKeyTable;
  retired_policies: RetiredPolicyTable;
  retired_names: RetiredNameTable;
  enrolment_tokens: EnrolmentTokenTable;
  enrolments: EnrolmentTable;
  policies: PolicyTable;
  reference_files: ReferenceTable;
  contours: ContourTable;
  withdrawn_contours: WithdrawnContourTable;
  audit: AuditTable;
  verifiers: VerifierTable;
  receivers: ReceiverTable;
  log: LogTable;
  root_hours: RootHourTable;
  statements: StatementTable;
  revocations: RevocationTable;
  intervals: IntervalTable;
}
