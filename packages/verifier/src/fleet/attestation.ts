/** Push attestation: a node sends evidence that answers its last challenge, and gets the result with the next challenge. */
import {
  type Appraisal,
  appraise,
  endOfResult,
  readAccepted,
  type ReplayedLedger,
  writeAccepted,
} from "@isoline/attest/appraise";
import { type EvidenceDelta, EvidenceReading } from "@isoline/attest/evidence";
import type { ChallengeKeys } from "../challenge/challenge.ts";
import { VerifierError } from "../error.ts";
import { type State, storeGone, type VerdictQueue, type VerdictWrite, wasRevoked } from "../store/index.ts";
import { departedIn } from "./departed.ts";
import { trustIn } from "./enrolled-as.ts";
import type { Epochs } from "./epochs.ts";
import type { FairTurns } from "./fair-turns.ts";
import { assertWhole, type KeptLogs } from "./kept-logs.ts";
import type { Lease } from "./lease.ts";
import type { Given, OwnedNode } from "./owned-node.ts";
import { elsewhere, type Ownership } from "./ownership.ts";
import type { Pace } from "./pace.ts";
import { verifiesEcdsa } from "./signatures.ts";
import type { ReplayedLedgers } from "./replayed-ledgers.ts";
import type { Rules } from "./rules.ts";
import { sha256 } from "./sha256.ts";
import { ledgerNews } from "./stated.ts";
import { bodiesIn, imprintOf, provesNothing, type Verdict, verdictOf, writeOf } from "./verdict.ts";
import type { Watch } from "./watch.ts";

export interface AttestationResult {
  readonly state: State;
  readonly failure?: string;
  readonly why?: string;
  readonly ear: string;
  readonly canisters: readonly {
    readonly label: string;
    readonly state: State;
    readonly failure?: string;
    readonly why?: string;
  }[];
  readonly need?: readonly string[];
  /** Digests of the logs that the next evidence may leave out; none where it is to come whole. */
  readonly kept?: readonly string[];
}

/** Signs a result that is valid for so many seconds at most, with the revocation epoch. */
export type SignResult = (appraisal: Appraisal, now: Date, epoch: number, seconds: number) => Promise<string>;

interface Judged {
  readonly answer: AttestationResult;
  /** Whether it counts as a sign of the node; otherwise it is answered, and all else is as if it had not come. */
  readonly isHeard: boolean;
}

/** When the work on evidence began, and in which turn. */
interface Begun {
  readonly now: Date;
  readonly round: number;
  /** Seconds until the next evidence, which the answer tells. */
  readonly due: number;
}

/** Evidence as it came, and what makes a delta of it where it is one. */
export interface Sent {
  readonly bytes: Uint8Array;
  readonly read: (bytes: Uint8Array) => Uint8Array | EvidenceDelta;
}

/** Does work while so many bytes of evidence are in memory, or refuses. */
export type Charge = <T>(bytes: number, work: () => Promise<T>) => Promise<T>;

export interface AttestationParts {
  readonly verdicts: VerdictQueue;
  readonly lease: Lease;
  readonly ownership: Ownership;
  readonly rules: Rules;
  readonly challenges: ChallengeKeys;
  readonly epochs: Epochs;
  readonly watch: Watch;
  readonly logs: KeptLogs;
  readonly ledgers: ReplayedLedgers;
  readonly turns: FairTurns;
  readonly pace: Pace;
  readonly sign: SignResult;
  /** Told of each appraisal, for the metrics. */
  readonly appraised?: (state: State, isNews: boolean) => void;
}

const NO_POLICY = Buffer.from("{}");
/** Letters of an answer that is kept for its evidence once more. Thousands of canisters with their reasons have megabytes. */
const MOST_GIVEN = 2 ** 16;

export class Attestation {
  readonly #parts: AttestationParts;

  constructor(parts: AttestationParts) {
    this.#parts = parts;
  }

  /**
   * Judges evidence, whole or as a delta. What is news is written before this returns; see docs/verifier.md for what is kept in memory
   * alone. Refuses a delta whose whole is not known here with `full-log-needed`, before anything is judged.
   * What came is read once it is the node's turn and the challenge is one of ours: until then it costs no more than its bytes in memory.
   * `charge` is asked for the bytes of the whole then.
   */
  attest(
    node: OwnedNode,
    challenge: Uint8Array,
    came: Sent,
    charge: Charge = (_, work) => work(),
  ): Promise<AttestationResult> {
    return node.alone(async () => {
      const { ownership, challenges, pace, logs, turns } = this.#parts;
      await node.givingWay(turns.turn(node.tenant));
      const { round } = turns;
      if (ownership.present(node.name) !== node) throw elsewhere(node.name, "another verifier has taken it over");
      if (node.state === "revoked") throw wasRevoked(node.name);
      const now = new Date();
      challenges.assertOurs(challenge, node.id, now, pace.patience(node.due ?? pace.due(node.tenant)));
      const sent = came.read(came.bytes);
      const bytes = sent instanceof Uint8Array ? sent.length : logs.sizeOf(node.id, sent);
      return charge(bytes, () => this.#answered(node, challenge, sent, { now, round, due: pace.due(node.tenant) }));
    });
  }

  async #answered(
    node: OwnedNode,
    challenge: Uint8Array,
    sent: Uint8Array | EvidenceDelta,
    begun: Begun,
  ): Promise<AttestationResult> {
    const { ownership, lease, watch, logs, pace } = this.#parts;
    const reading = readingOf(sent instanceof Uint8Array ? sent : logs.whole(node.id, sent));
    if (!(sent instanceof Uint8Array)) assertWhole(reading, sent);
    const digest = `${Buffer.from(challenge).toString("hex")} ${reading.digest}`;
    if (node.given?.digest === digest) return givenIn(node.given, node.name);
    node.assertLater(challenge);
    pace.judged(node.tenant);
    const { answer, isHeard } = await this.#judge(node, challenge, reading, begun);
    // Nothing is said after the lease ran out: another verifier may have accepted something newer by now.
    if (!lease.isHeld || ownership.present(node.name) !== node)
      throw elsewhere(node.name, "the lease of this verifier ran out");
    if (!isHeard) return answer;
    node.given = { digest, answer: lettersOf(answer) > MOST_GIVEN ? undefined : answer };
    node.seen = begun.now;
    node.due = begun.due;
    watch.saw(node);
    return answer;
  }

  async #judge(
    node: OwnedNode,
    challenge: Uint8Array,
    reading: EvidenceReading,
    { now, round, due }: Begun,
  ): Promise<Judged> {
    const { ownership, rules, epochs, pace, sign, appraised, logs, ledgers, turns } = this.#parts;
    const breathe = this.#breath(node);
    const patience = pace.patience(due);
    const bodies = bodiesIn(reading);
    const given = await rules.forNode(node, bodies?.canisters ?? [], breathe, node.accepted?.policy);
    // The database may have been asked meanwhile.
    const turn = turns.stillOrAnew(node.tenant, round);
    if (turn !== undefined) await node.givingWay(turn);
    const { policySigners, contourSigners, machines } = rules.trusted;
    // A long ledger takes a second to replay: that is done once, in the turn of the node's tenant.
    const seen: { ledger?: ReplayedLedger & { readonly file: Uint8Array } } = {};
    const appraisal = await appraise({
      evidence: reading,
      challenge,
      trust: {
        ...trustIn(node.enrolled, machines),
        policySigners,
        contourSigners,
        contours: given.contours,
        awaited: given.awaited,
      },
      policy: given.policy?.file ?? NO_POLICY,
      references: given.references,
      readRules: given.read,
      proven: {
        recall: (name, ...about) => node.proven.recall(name, ...about),
        replayed: (file, replay) => {
          seen.ledger = { file, ...ledgers.of(node, file, replay) };
          return seen.ledger;
        },
        imaLists: node.proven.imaLists,
      },
      breathe,
      verifiesEcdsa,
      last: node.accepted,
      now,
      node: node.id,
    });
    const judged = verdictOf(appraisal, bodies, node.accepted);
    const verdict = given.policy === undefined ? withoutPolicy(judged) : judged;
    const ear = await sign(appraisal, now, epochs.present.epoch, patience);
    // The lease may have ended meanwhile, and another have judged newer evidence.
    if (ownership.present(node.name) !== node) throw elsewhere(node.name, "the lease of this verifier ran out");
    const imprint = imprintOf(verdict);
    const isNews = node.imprint !== imprint || node.state !== verdict.state;
    // Each class in turn would be a change, and a statement in the log, each time.
    if (isNews && provesNothing(verdict) && !node.mayBeRefused(pace.timing.due)) {
      appraised?.(verdict.state, false);
      return { answer: answerOf(verdict, ear, given.missing, []), isHeard: false };
    }
    // Before anything is written: where that fails, it is not known whether it was, and nothing earlier counts any more.
    node.affirmed = undefined;
    if (isNews) [node.imprint, node.given, node.isAhead] = [null, undefined, false];
    // A process with the node's token may answer each challenge at once. It must not make those old that the node answers.
    if (!provesNothing(verdict)) node.heard(challenge);
    if (isNews) {
      const { name, tenant, owner: verifier } = node;
      const led = verdict.body === undefined ? undefined : seen.ledger;
      const departed = departedIn(verdict, led?.ledger);
      const news = ledgerNews(node.id, led, verdict.accepted);
      const write = writeOf(verdict, { node: name, tenant, verifier, at: now, departed, imprint });
      const written = this.#write(node, {
        ...write,
        evidence: { challenge, evidence: reading.bytes, last: node.accepted && writeAccepted(node.accepted) },
        policy: given.policy?.digest,
        stated: (before) => news(before === null ? undefined : readAccepted(before)),
      });
      await (provesNothing(verdict) ? countedAt(node, written) : written);
    }
    node.imprint = imprint;
    node.state = verdict.state;
    node.accepted = verdict.accepted ?? node.accepted;
    node.isAhead = !isNews;
    if (verdict.state === "affirming")
      node.affirmed = { until: endOfResult(appraisal, now, patience), canisters: affirmedIn(verdict) };
    appraised?.(verdict.state, isNews);
    const kept = bodies === undefined ? [] : logs.keep(node, reading.evidence);
    return { answer: answerOf(verdict, ear, given.missing, kept), isHeard: true };
  }

  /** Between the parts of long work on a node other tenants come first, and so does a revocation of it. */
  #breath(node: OwnedNode): () => Promise<void> | undefined {
    const breathe = this.#parts.turns.breath(node.tenant);
    return () => {
      const turn = breathe();
      return turn && node.givingWay(turn);
    };
  }

  /** Where it is refused, the database says otherwise of the node than memory, and memory is no longer asked. */
  async #write(node: OwnedNode, write: VerdictWrite): Promise<void> {
    const { verdicts, ownership } = this.#parts;
    try {
      await verdicts.write(node.tenant, write);
    } catch (fault) {
      // Where it is not given back now, it is when the lease ends.
      if (fault instanceof VerifierError) await ownership.giveUp(node).catch(() => {});
      throw fault;
    }
  }
}

/** Also where the database refuses it: it would be asked again for each of these. Not where it is gone, and took nothing. */
async function countedAt(node: OwnedNode, written: Promise<void>): Promise<void> {
  try {
    await written;
  } catch (fault) {
    if (storeGone(fault) === undefined) node.refused();
    throw fault;
  }
  node.refused();
}

const readingOf = (evidence: Uint8Array) => new EvidenceReading(evidence, sha256);

/** Nothing is proven where no policy says what must be. */
function withoutPolicy(verdict: Verdict): Verdict {
  const why =
    "expected a policy for this node, got none, so its evidence was not judged; put one that is named default, or as the node's " +
    "tenant, or as its label policy says: isoline fleet policy NAME --set FILE";
  const links = verdict.links.map((link) => (link.name === "policy" ? { ...link, why } : link));
  const isFirst = verdict.links.find(({ state }) => state === "failed")?.name === "policy";
  return isFirst ? { ...verdict, links, why } : verdict;
}

function answerOf(
  verdict: Verdict,
  ear: string,
  missing: readonly string[],
  kept: readonly string[],
): AttestationResult {
  const { canisters = [] } = verdict;
  return {
    ...reasonsOf(verdict),
    ear,
    canisters: canisters.map((canister) => ({ label: canister.label, ...reasonsOf(canister) })),
    // What a node says counts for nothing before it is proven: nothing of it is asked for.
    ...(verdict.canisters !== undefined &&
      missing.length > 0 && { need: missing.map((digest) => `contour:${digest}`) }),
    ...(kept.length > 0 && { kept }),
  };
}

/** About as many letters as an answer has. */
const lettersOf = ({ ear, canisters, why = "", need = [], kept = [] }: AttestationResult): number =>
  canisters.reduce((sum, one) => sum + one.label.length + (one.why?.length ?? 0) + 64, ear.length + why.length) +
  (need.length + kept.length) * 72;

/** Evidence once more is no later than itself: judged anew, it would be a rollback. */
function givenIn({ answer }: Given, name: string): AttestationResult {
  if (answer !== undefined) return answer as AttestationResult;
  throw new VerifierError(
    "challenge-refused",
    `expected evidence of ${name} that was not answered, got the last once more, whose answer is too large to be kept; ask for another challenge`,
  );
}

const affirmedIn = ({ canisters = [] }: Verdict): ReadonlySet<string> =>
  new Set(canisters.filter(({ state }) => state === "affirming").map(({ label }) => label));

function reasonsOf({ state, failure, why }: Pick<Verdict, "state" | "failure" | "why">) {
  return { state, ...(failure !== null && { failure }), ...(why !== null && { why }) };
}
