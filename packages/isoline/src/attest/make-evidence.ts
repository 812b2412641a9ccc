/** Evidence of this host: what its supervisors say, in one statement that its TPM signs. */
import { existsSync } from "node:fs";
import { nodeIdOf } from "@isoline/attest/enrol";
import {
  type Evidence,
  evidenceOf,
  keyStatement,
  type NodeBody,
  type Proofs,
  type ReportEvidence,
  readCanisterBody,
  stateOf,
  type Statement,
} from "@isoline/attest/evidence";
import { attest, commands, decode, type PublicArea, type Tpm } from "@isoline/attest/tpm";
import { infoOfKey, nodeIdByKey, reportData } from "@isoline/attest/tee";
import { type Digest, ZERO_DIGEST } from "@isoline/core/digest";
import { bootAggregate } from "../integrity/measure/boot-aggregate.ts";
import { algorithmByName, type HashAlgorithm } from "../integrity/hash-algorithms.ts";
import { CliError } from "../error.ts";
import { ledgerPath } from "../register/ledger-file.ts";
import { closeLostRuns } from "../register/lost-runs.ts";
import { BIRTHS_PCR, usualLedgers } from "../register/plan.ts";
import { readRegular } from "../store/bounded-file.ts";
import { isBehind } from "./behind.ts";
import { canistersHere, untilAnswered } from "./collect/canisters.ts";
import { nodeHere } from "./collect/node.ts";
import { type HostFiles, hostFiles } from "./host-files.ts";
import { withAttestationKey } from "./node-keys.ts";
import { certified } from "./certified.ts";
import { aggregateOf, quoted } from "./quoting.ts";
import { machineReport, type ReportFiles } from "./tsm/index.ts";
import { usingTpm } from "./using-tpm.ts";
import { KeptLedger, namingIn } from "./kept-ledger.ts";

/** What evidence is asked for. */
export interface EvidenceOrder {
  /** 32 bytes of the verifier's. */
  readonly challenge: Uint8Array;
  /** Address of the TPM: `unix:PATH`, `tcp:HOST:PORT` or a device. Evidence without one has no root. */
  readonly tpm?: string | undefined;
  /** Directory of the host's ledgers; `/var/lib/isoline/ledger` for root if left out. */
  readonly ledgers?: string | undefined;
  /** Labels of the canisters that the evidence is to hold; all if left out. The statement is about all of them in any case. */
  readonly only?: readonly string[] | undefined;
  /** The report of the confidential machine that this is; evidence has none if left out. */
  readonly tee?: TeeOrder | undefined;
  /** Where the kernel shows its logs, for tests. */
  readonly files?: HostFiles;
  /** Told what was done beside, in one line. */
  readonly onRemark?: ((what: string) => void) | undefined;
}

/** How a report of this machine is asked for. */
export interface TeeOrder {
  /** SubjectPublicKeyInfo in DER of the engine's key: by it a node without a TPM is known. Only without a TPM. */
  readonly key?: Uint8Array | undefined;
  /** Signs by the private half of that key: ECDSA with SHA-256, in DER. Left out where this host has the public half only. */
  readonly signs?: ((statement: Uint8Array) => Uint8Array) | undefined;
  /** Where the kernel gives reports: `/sys/kernel/config/tsm/report`, but for tests. */
  readonly reports?: ReportFiles;
}

const SHA256 = algorithmByName("sha256") as HashAlgorithm;
const MOST_BOOT_LOG = 2 ** 24;
const MOST_IMA_LIST = 2 ** 25;
/** How often canisters are asked that go on meanwhile. */
const MOST_TRIES = 5;
/** For runs that lost their supervisor, of which there may be thousands; from when the ledger is replayed. */
const CLOSING_MS = 10_000;
const NO_AGGREGATE = new Uint8Array(32);
const NOTHING: Proofs = { registers: [], reports: [] };

/** `kept`: what was replayed of the ledger, for who makes evidence again and again; it stays open. */
export async function makeEvidence(order: EvidenceOrder, kept?: KeptLedger): Promise<Evidence> {
  const { challenge, tpm, only = [] } = order;
  const ledger = kept ?? new KeptLedger();
  try {
    const made = tpm === undefined ? await withoutTpm(challenge, order.tee) : await withTpm(tpm, order, ledger);
    return narrowed(made, only);
  } finally {
    if (kept === undefined) ledger.close();
  }
}

async function withoutTpm(challenge: Uint8Array, tee: TeeOrder | undefined): Promise<Evidence> {
  if (tee === undefined) {
    const { bodies, losses } = await canistersHere(undefined);
    return evidenceOf(stateOf(challenge, nodeHere(undefined, losses), bodies), NOTHING);
  }
  if (tee.key === undefined)
    throw new CliError(
      "usage",
      "a node without a TPM is known by the key of its engine: expected --tee-key FILE with the public key, got none",
    );
  const { bodies, losses } = await canistersHere({ challenge: hex(challenge), aggregate: ZERO_DIGEST });
  const statement = stateOf(challenge, { ...nodeHere(undefined, losses), node: nodeIdByKey(tee.key) }, bodies);
  const reports = [await reported(statement, tee.key, NO_AGGREGATE, tee)];
  return evidenceOf(statement, { ...NOTHING, reports });
}

/** The machine's report about a statement: what the quote of a TPM signs, under the key that the node is enrolled by. */
async function reported(
  { qualifying, tree }: Statement,
  key: Uint8Array,
  aggregate: Uint8Array,
  { reports: files, signs }: TeeOrder,
): Promise<ReportEvidence> {
  const data = await reportData({ challenge: qualifying, key, aggregate, contour: tree.root });
  const report = await machineReport({ data, ...(files && { files }) });
  return { ...report, key, ...(signs && { proof: signs(keyStatement(qualifying)) }) };
}

async function withTpm(address: string, order: EvidenceOrder, kept: KeptLedger): Promise<Evidence> {
  const { tee } = order;
  if (tee?.key !== undefined)
    throw new CliError("usage", "with a TPM, its attestation key is the node's: leave --tee-key out, or add --no-tpm");
  const stand = await usingTpm(address, standOf);
  const left = await lostRunsClosed(address, order, stand, kept);
  const until = untilAnswered();
  let signed: Signed | undefined;
  for (let tries = 1; signed === undefined; tries++)
    signed = await signedBy(address, order, stand, { until, left, kept, isLast: tries === MOST_TRIES });
  if (tee === undefined) return signed.evidence;
  // A busy machine takes its time, and supervisors wait for the ledger.
  const report = await reported(signed.statement, infoOfKey(signed.key), stand.aggregate, tee);
  return { ...signed.evidence, reports: [report] };
}

/**
 * A run without supervisor and end would make nothing of this node provable until it boots. What could not be closed is a loss of the node,
 * which says so before a verifier finds a birth without an end.
 */
async function lostRunsClosed(
  address: string,
  { ledgers = usualLedgers(), onRemark }: EvidenceOrder,
  { resetCount }: Stand,
  kept: KeptLedger,
): Promise<readonly string[]> {
  const plan = { address, ledger: ledgers, pcr: BIRTHS_PCR };
  const file = await kept.fileOf(ledgers, resetCount);
  const shared = file && { file, resetCount };
  const { closed, left, fault } = await closeLostRuns(plan, ledgerPath(ledgers, resetCount), CLOSING_MS, shared);
  if (closed > 0) onRemark?.(`runs that had lost their supervisor, and are closed in the ledger now: ${closed}`);
  if (fault !== undefined)
    onRemark?.(`runs that lost their supervisor, and could not be closed: ${left}; ${fault.message}`);
  // Every tenant reads the node's body, so no message of a fault is in it.
  const why = fault === undefined ? "the next evidence closes more of them" : fault.code;
  return left === 0 ? [] : [`runs that lost their supervisor and have no end in the ledger yet: ${left} (${why})`];
}

interface Try {
  /** Until when busy supervisors are asked again. */
  readonly until: number;
  /** Runs that could not be closed. */
  readonly left: readonly string[];
  readonly kept: KeptLedger;
  readonly isLast: boolean;
}

interface Signed {
  readonly evidence: Evidence;
  readonly statement: Statement;
  readonly key: PublicArea;
}

/**
 * What the TPM signs. Undefined where a canister departed or ended after it was asked: its body would say less than the ledger, as if it
 * hid something. So it is where the machine slept meanwhile. A canister that never comes to rest is told of as it was, in the last try.
 */
async function signedBy(
  address: string,
  { challenge, files = hostFiles(), ledgers = usualLedgers() }: EvidenceOrder,
  { aggregate, resetCount }: Stand,
  { until, left, kept, isLast }: Try,
): Promise<Signed | undefined> {
  // The supervisors use the TPM as well, so none of them is asked while a connection is open.
  const { bodies, losses } = await canistersHere({ challenge: hex(challenge), aggregate: hex(aggregate) }, true, until);
  // Each proof takes a millisecond or two: made before the ledger is locked, for which supervisors wait.
  const naming = namingIn(ledgers, resetCount);
  const names = naming && new Map(bodies.map(({ label }) => [label, naming.proofOf(label)] as const));
  return kept.still(ledgers, resetCount, async (bytes, ledger) => {
    if (!isLast && ledger !== undefined && bodies.some((body) => isBehind(body, ledger))) return undefined;
    return usingTpm(address, (tpm) =>
      withAttestationKey(tpm, async (key) => {
        const births = ledger && { register: ledger.begin.pcr, began: ledger.begin.from };
        const told = { node: nodeIdOf(key.public), aggregate: aggregatesOf(aggregate), births };
        const statement = stateOf(challenge, nodeHere(told, [...left, ...losses]), bodies);
        const quote = await quoted(tpm, key, statement.qualifying);
        const restartCount = restartsIn(quote.message);
        const registers = ledger ? await certified(tpm, key.handle, ledger, statement.qualifying, restartCount) : [];
        // The machine slept meanwhile: a verifier takes quote and certificates of one start of the TPM alone.
        if (!isLast && registers.some((each) => restartsIn(each.message) !== restartCount)) return undefined;
        const evidence = evidenceOf(statement, {
          quote,
          registers,
          reports: [],
          ...(ledger && names && { names }),
          ...(bytes && { ledger: bytes }),
          ...logsOf(files),
        });
        return { evidence, statement, key: key.public };
      }),
    );
  });
}

/** How often the TPM had started without a reset when it signed this. */
const restartsIn = (message: Uint8Array): number => decode(attest, message).clockInfo.restartCount;

interface Stand {
  readonly aggregate: Uint8Array;
  readonly resetCount: number;
}

async function standOf(tpm: Tpm): Promise<Stand> {
  const { time } = await tpm.run(commands.readClock, {});
  return { aggregate: await aggregateOf(tpm), resetCount: time.clockInfo.resetCount };
}

/** The kernel's own aggregate is there if IMA measures, and is of SHA-256 unless the machine was booted with another `ima_hash`. */
function aggregatesOf(registers: Uint8Array): NonNullable<NodeBody["aggregate"]> {
  const { algorithm, digest, from } = bootAggregate(SHA256);
  return {
    registers,
    ...(from === "kernel" && algorithm === SHA256 ? { kernel: Uint8Array.from(digest) } : {}),
  };
}

/** Logs that explain what was quoted. They are read after the quote, so they hold at least what it covers. */
function logsOf({ bootLog, imaListSha256 }: HostFiles): Pick<Proofs, "bootLog" | "imaList"> {
  return {
    ...(existsSync(bootLog)
      ? { bootLog: Uint8Array.from(readRegular(bootLog, MOST_BOOT_LOG, "a log of measured boot")) }
      : {}),
    ...(existsSync(imaListSha256)
      ? { imaList: Uint8Array.from(readRegular(imaListSha256, MOST_IMA_LIST, "an IMA list")) }
      : {}),
  };
}

/** The same statement with fewer of the bodies that it is about. Refuses a label that no live namespace has. */
function narrowed(evidence: Evidence, only: readonly string[]): Evidence {
  if (only.length === 0) return evidence;
  const labelled = evidence.canisters.map((each) => ({ each, label: readCanisterBody(each.body).label }));
  const missing = only.find((name) => labelled.every(({ label }) => label !== name));
  if (missing !== undefined)
    throw new CliError(
      "no-such-namespace",
      `no live namespace is called ${JSON.stringify(missing.slice(0, 60))}; live are: ${labelled.map(({ label }) => label).join(", ") || "none"}`,
    );
  return { ...evidence, canisters: labelled.filter(({ label }) => only.includes(label)).map(({ each }) => each) };
}

const hex = (bytes: Uint8Array): Digest => Buffer.from(bytes).toString("hex") as Digest;
