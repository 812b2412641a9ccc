/** From an appraisal to what is kept and shown: a verdict for the node, and one for each canister. */
import { hash } from "node:crypto";
import {
  type Accepted,
  type Appraisal,
  type Check,
  type Ending,
  type FailureClass,
  isBehind,
  readAccepted,
  writeAccepted,
} from "@isoline/attest/appraise";
import type { CanisterBody, EvidenceReading, NodeBody } from "@isoline/attest/evidence";
import { AttestError } from "@isoline/attest/error";
import { attest, decode } from "@isoline/attest/tpm";
import type { DepartedProcesses, LinkRow, VerdictWrite } from "../store/index.ts";

export type Judged = "affirming" | "contraindicated" | "unverifiable";

export interface Reasons {
  readonly state: Judged;
  readonly failure: FailureClass | null;
  readonly why: string | null;
}

export interface CanisterVerdict extends Reasons {
  readonly label: string;
  readonly root: "tpm" | "tee" | "node";
  readonly links: readonly LinkRow[];
  readonly body: CanisterBody;
}

export interface Verdict extends Reasons {
  readonly root: "none" | "tpm" | "tee" | "tpm+tee";
  readonly links: readonly LinkRow[];
  /** Undefined where the node failed: nothing that it says of itself or of canisters counts then. */
  readonly body: NodeBody | undefined;
  readonly canisters: readonly CanisterVerdict[] | undefined;
  /** What the ledger says of canisters that are there no more, where no evidence told of it. */
  readonly endings: readonly Ending[];
  readonly accepted: Accepted | undefined;
}

/** What evidence says before anything of it is believed. */
export interface Bodies {
  readonly node: NodeBody;
  readonly canisters: readonly CanisterBody[];
  readonly ledger: Uint8Array | undefined;
  /** TPMS_ATTEST, as it came. */
  readonly quote: Uint8Array | undefined;
}

/** Undefined where the evidence cannot be read. */
export function bodiesIn(reading: EvidenceReading): Bodies | undefined {
  try {
    const { canisters, quote, ledger } = reading.evidence;
    return {
      node: reading.node,
      canisters: canisters.map(({ body }) => reading.canister(body)),
      ledger,
      quote: quote?.message,
    };
  } catch (fault) {
    if (fault instanceof AttestError) return undefined;
    throw fault;
  }
}

/** `last` is what was accepted before. */
export function verdictOf(appraisal: Appraisal, bodies: Bodies | undefined, last?: Accepted): Verdict {
  const { platform, root, canisters, endings, accepted } = appraisal;
  const counts = bodies !== undefined && platform.status === "affirming";
  const told = new Map(counts ? bodies.canisters.map((body) => [body.label, body]) : []);
  return {
    state: platform.status,
    ...worstOf(platform.status, platform.checks),
    root,
    links: platform.checks.map(linkOf),
    body: counts ? bodies.node : undefined,
    canisters: counts
      ? canisters.map(({ label, root: from, status, checks }) => ({
          label,
          root: from,
          state: status,
          ...worstOf(status, checks),
          links: checks.map(linkOf),
          body: told.get(label) as CanisterBody,
        }))
      : undefined,
    endings: counts ? endings : [],
    accepted: accepted ?? refusedAt(appraisal, bodies, last),
  };
}

/**
 * What is kept of evidence whose node was refused, but whose quote its TPM signed: when that was. Otherwise older evidence, which says
 * better things, could be shown afterwards. Undefined where no quote is proven.
 */
function refusedAt({ platform, policy }: Appraisal, bodies: Bodies | undefined, last?: Accepted): Accepted | undefined {
  const passed = (name: string) => platform.checks.some((check) => check.name === name && check.outcome !== "failed");
  if (bodies?.quote === undefined || policy === undefined || !passed("quote") || !passed("counters")) return undefined;
  const { clock, resetCount, restartCount } = decode(attest, bodies.quote).clockInfo;
  const { name, version } = policy;
  const before = last ?? { policy: { name, version }, canisters: [] };
  const isSameBoot = last?.clock?.resetCount === resetCount;
  return { ...before, clock: { clock, resetCount, restartCount }, ledger: isSameBoot ? last.ledger : undefined };
}

/**
 * Whether nothing in the evidence is by the node's TPM or its machine. A process that has the node's token makes as much of that as it
 * likes, each time of another class.
 */
export function provesNothing({ body, links }: Pick<Verdict, "body" | "links">): boolean {
  const isProven = links.some(({ name, state }) => (name === "quote" || name === "machine") && state !== "failed");
  return body === undefined && !isProven;
}

/** Raised when more of a verdict is written than before: each is written once more then. */
const ROWS = 2;

/**
 * A digest of what two verdicts must have in common for the second to be no news. Only the TPM's clock within one start, the number of
 * events that were on contour, and the node's own time may differ: all else is written before it is acknowledged.
 */
export function imprintOf({ state, failure, root, links, body, canisters, accepted }: Verdict): string {
  const { clock, canisters: kept = [], ...rest } = accepted ?? {};
  const said = JSON.stringify([
    ROWS,
    state,
    failure,
    root,
    links.map(({ name, state: outcome, failure: kind }) => [name, outcome, kind]),
    body && columnsOf(body),
    rest,
    clock && [clock.resetCount, clock.restartCount],
    kept.map(({ counters: { events: _events, ...others }, ...canister }) => [canister, others]),
    canisters?.map(({ body: one, links: checks, ...canister }) => [
      canister.label,
      canister.state,
      canister.failure,
      canister.root,
      checks.map(({ name, state: outcome }) => [name, outcome]),
      { ...one.counters, events: 0 },
      one.points,
      hex(one.measurement),
      one.image,
      one.contour && hex(one.contour),
      one.mode,
      one.sensor,
      one.started,
    ]),
  ]);
  return hash("sha256", said, "base64");
}

interface Writing {
  readonly node: string;
  readonly tenant: string;
  readonly verifier: string;
  readonly at: Date;
  /** By label. */
  readonly departed: ReadonlyMap<string, DepartedProcesses>;
  readonly imprint: string;
}

/** The verdict as it is written. */
export function writeOf(verdict: Verdict, { node, tenant, verifier, at, departed, imprint }: Writing): VerdictWrite {
  const { state, failure, why, root, links, body, canisters, endings, accepted } = verdict;
  return {
    node,
    verifier,
    at,
    verdict: { state, failure, why },
    columns: {
      links: JSON.stringify(links),
      seen: at,
      imprint,
      ...(body !== undefined && { root, ...columnsOf(body) }),
      ...(accepted !== undefined && { accepted: writeAccepted(accepted) }),
    },
    canisters: canisters?.map((canister) => ({
      ...canisterRow(canister, node, tenant),
      processes: departed.has(canister.label) ? JSON.stringify(departed.get(canister.label)) : null,
    })),
    endings: new Map(endings.map(({ label, failure: kind, why: words }) => [label, { failure: kind, why: words }])),
    endingsIn: (before) => writtenEndings(verdict, readAccepted(before)),
    isBehind: (before) => accepted !== undefined && isBehind(accepted, readAccepted(before)),
    others: { state: "unverifiable", failure, why: "the evidence of its node was refused, so nothing is known of it" },
  };
}

/** Labels whose endings are written already, as what was accepted before says. Births are numbered anew in each boot. */
function writtenEndings({ endings, accepted }: Verdict, before: Accepted): ReadonlySet<string> {
  if (before.clock?.resetCount !== accepted?.clock?.resetCount) return new Set();
  const said = new Map(before.canisters.map(({ label, said: birth = -1 }) => [label, birth]));
  return new Set(endings.filter(({ label, birth }) => (said.get(label) ?? -1) >= birth).map(({ label }) => label));
}

function columnsOf({ sensors, kernel, build }: NodeBody) {
  return {
    sensors: JSON.stringify([...new Set(sensors.map(({ sensor }) => sensor))]),
    kernel: kernel.release,
    build: build.version,
  };
}

function canisterRow({ label, root, state, failure, why, links, body }: CanisterVerdict, node: string, tenant: string) {
  return {
    node,
    label,
    tenant,
    root,
    state,
    failure,
    why,
    links: JSON.stringify(links),
    image: body.image ?? null,
    contour: body.contour === undefined ? null : hex(body.contour),
    mode: body.mode,
    sensor: body.sensor,
    started: new Date(Math.min(body.started, LAST_TIME)),
    points: body.points,
    measurement: hex(body.measurement),
    counters: JSON.stringify(body.counters),
  };
}

/** Letters of a reason. */
const MOST_WHY = 2000;
/** A node may say any time; what is later than this cannot be written. */
const LAST_TIME = Date.UTC(9999, 0);

/** The first check that failed in the way that the status says, else the first that failed. */
function worstOf(status: Judged, checks: readonly Check[]): Pick<Reasons, "failure" | "why"> {
  const failed = checks.filter(({ outcome }) => outcome === "failed");
  const unproven = new Set<unknown>(["broken-evidence", "stale", "incomplete", "unreachable"]);
  const first = failed.find(({ failure }) => unproven.has(failure) === (status === "unverifiable")) ?? failed[0];
  return { failure: first?.failure ?? null, why: first?.why === undefined ? null : bounded(first.why) };
}

function linkOf({ name, outcome, failure, why }: Check): LinkRow {
  return {
    name,
    state: outcome,
    ...(failure !== undefined && { failure }),
    ...(why !== undefined && { why: bounded(why) }),
  };
}

/** A reason has a node's own words in it, as many as it likes: those who list a fleet could read none of it for the words of one. */
function bounded(why: string): string {
  // None of the letters is half: a database refuses such a text, and with it the verdict.
  const whole = Buffer.from(why.replaceAll("\0", "\ufffd")).toString();
  if (whole.length <= MOST_WHY) return whole;
  return `${Buffer.from(whole.slice(0, MOST_WHY - 1)).toString()}…`;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
