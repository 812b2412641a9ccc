/** A canister's register: what the TPM says of it, and what the records that led there say of the canister. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { equal } from "../cbor/index.ts";
import type { CanisterBody, Evidence } from "../evidence/index.ts";
import { type LedgerRecord, lossOfSupervisor, type NamespaceFacts, standingOf } from "../register/index.ts";
import { decode } from "../tpm/codec.ts";
import { GENERATED } from "../tpm/constants.ts";
import { nvNameOf } from "../tpm/names.ts";
import { isSignedBy, type VerifiesEcdsa } from "../tpm/signed-by.ts";
import { attest, nvPublic, type PublicArea, signature } from "../tpm/structures.ts";
import { broken, equivocates, incomplete, rolledBack, short, unknownContour } from "./findings.ts";
import type { LedgerFacts } from "./ledger.ts";
import type { ProvenRegisters } from "./quote.ts";

export interface CanisterRecords {
  readonly facts: NamespaceFacts;
  /** Every record about it, in order. */
  readonly records: readonly LedgerRecord[];
}

/** What the TPM signed, the key that it signed with, and what it signed it about. */
export type Proven = ProvenRegisters & { readonly key: PublicArea; readonly qualifying: Uint8Array };

/** The records of a canister. Its register is looked at unless its end is recorded: the births' register vouches for that. */
export async function recordsOf(
  { name, birth }: NonNullable<CanisterBody["register"]>,
  { ledger, records }: LedgerFacts,
  assertCertified: () => Promise<void>,
): Promise<CanisterRecords> {
  const facts = ledger.namespaces.get(birth);
  if (facts === undefined || !equal(facts.register, name))
    throw broken(
      `its birth in record ${birth} of the ledger`,
      "none for this register",
      "distrust it: it was not born as it says",
    );
  if (facts.end === undefined) await assertCertified();
  return { facts, records: byBirths(records).get(birth) ?? [] };
}

/** Of the ledgers that canisters are looked up in: a node may have thousands of these, and a ledger a hundred thousand records. */
const sorted = new WeakMap<readonly LedgerRecord[], ReadonlyMap<number, readonly LedgerRecord[]>>();

/** The records about each namespace, in order, its birth first; by the number of the birth. */
function byBirths(records: readonly LedgerRecord[]): ReadonlyMap<number, readonly LedgerRecord[]> {
  const known = sorted.get(records);
  if (known !== undefined) return known;
  const births = new Map<number, LedgerRecord[]>();
  for (const record of records) {
    const birth = "birth" in record ? record.birth : record.sequence;
    const own = births.get(birth) ?? [];
    births.set(birth, own);
    own.push(record);
  }
  sorted.set(records, births);
  return births;
}

/** Refuses a register for which the TPM does not vouch now, under this key and this statement. */
export async function assertRegister(
  name: Uint8Array,
  evidence: Evidence,
  { key, qualifying, clock }: Proven,
  { ledger }: LedgerFacts,
  warn: (why: string) => void,
  verifiesEcdsa: VerifiesEcdsa | undefined,
): Promise<void> {
  const certificates = evidence.registers.filter((one) => equal(one.name, name));
  const [certificate] = certificates;
  if (certificate === undefined || certificates.length > 1)
    throw incomplete(
      `one certificate of register ${short(name)}`,
      `${certificates.length}`,
      "its register may be gone: what it did is not proven",
    );
  if (!equal(nvNameOf(decode(nvPublic, certificate.public)), name))
    throw broken(`a public area with the Name ${short(name)}`, "another", "ask for new evidence");
  if (!(await isSignedBy(key, certificate.message, decode(signature, certificate.signature), verifiesEcdsa)))
    throw broken("a certificate by the enrolled attestation key", "another signature", "ask for new evidence");
  const { magic, extraData, attested, clockInfo } = decode(attest, certificate.message);
  if (magic !== GENERATED || attested.is !== "nv")
    throw broken("a certificate that a TPM made of a register", attested.is, "ask again");
  if (!equal(extraData, qualifying))
    throw broken("a certificate about this statement", "one about another", "ask again");
  // Between a certificate from before a restart and a quote from after it, registers may have been set back.
  if (clockInfo.resetCount !== clock.resetCount || clockInfo.restartCount !== clock.restartCount)
    throw broken("quote and certificate of one start of the TPM", "of two", "ask again");
  const { name: certified, offset, contents } = attested.value;
  if (!equal(certified, name) || offset !== 0)
    throw broken(
      `the whole of register ${short(name)}`,
      `register ${short(certified)}, from byte ${offset}`,
      "it was made anew: distrust it",
    );
  const expected = ledger.registers.get(bytesToHex(name));
  const standing = expected && standingOf(contents, expected);
  if (standing === undefined)
    throw broken(
      "the ledger to lead to the register",
      "another value in the TPM",
      "records were cut, changed or left out: distrust it",
    );
  if (standing === "behind") warn("the last record was written and not extended: a supervisor ended in between");
}

const modes = { learning: "learn", watching: "watch", enforcing: "enforce" } as const;

/** Refuses a body that says otherwise than the records, which cannot be changed any more. */
export function assertRecorded(
  body: CanisterBody,
  name: Uint8Array | undefined,
  { facts, records }: CanisterRecords,
  aggregate: Uint8Array | undefined,
  isKnown: (state: Uint8Array) => boolean,
): void {
  const { birth, departures, losses, end } = facts;
  assertName(birth.name, name, body);
  // None was there to tell, so that no evidence has a body of it: not as a canister that ended either.
  const lost = lossOfSupervisor(facts);
  if (lost !== undefined)
    throw equivocates(
      `no body of a run whose supervisor was lost, as recorded in record ${lost.sequence}`,
      "one",
      "a supervisor goes on that was said to be gone, or the body is made up: distrust it",
    );
  same("mode", birth.mode, modes[body.mode]);
  same("sensor", birth.sensor, body.sensor);
  if (body.mode !== "learning") assertAmended(body, facts, isKnown);
  if (aggregate !== undefined) same("aggregate", bytesToHex(birth.aggregate), bytesToHex(aggregate));
  const { counters } = body;
  atLeast("departures", departures.length, counters.departures);
  atLeast("untrusted processes", new Set(departures.map(({ process }) => process)).size, counters.untrusted);
  if (losses.length > 0 && counters.lost === 0 && body.incomplete.length === 0)
    throw equivocates(`${losses.length} losses, as recorded`, "none", "its body hides them: distrust it");
  assertHeads(body, records, facts.amendments);
  if ((end === undefined) !== (body.ended === undefined))
    throw equivocates(
      end ? "a canister that has ended, as recorded" : "a canister that runs, as recorded",
      "the other",
      "distrust it",
    );
  if (end === undefined) return;
  same("measurement", bytesToHex(end.measurement), bytesToHex(body.measurement));
  same("state", bytesToHex(end.state), bytesToHex(body.state));
  for (const [name, value] of [
    ["events", end.events],
    ["departures", end.off],
    ["refused", end.refused],
    ["lost", end.lost],
  ] as const)
    same(name, value, counters[name]);
}

/** The birth must be of the body's label. */
function assertName(recorded: Uint8Array, name: Uint8Array | undefined, { label }: CanisterBody): void {
  if (name === undefined)
    throw incomplete(
      `a proof of the label ${JSON.stringify(label)} by the key of the ledger`,
      "none",
      "ask for new evidence",
    );
  if (!equal(recorded, name))
    throw equivocates(
      `the name ${short(recorded)} that was recorded`,
      `${short(name)} of its label`,
      "it goes by another's birth",
    );
}

/** The state is that of the birth, or of the last recorded amendment; each one that was in force before is published as well. */
function assertAmended(
  body: CanisterBody,
  { birth, amendments }: NamespaceFacts,
  isKnown: (state: Uint8Array) => boolean,
): void {
  const states = [birth, ...amendments];
  const last = (states.at(-1) ?? birth).state;
  if (!equal(last, body.state))
    throw unknownContour(
      `the state ${short(last)} that it was ${amendments.length === 0 ? "born with" : "amended to, as recorded"}`,
      short(body.state),
      "its contour was widened, and that is not recorded: start it anew",
    );
  const unknown = states.find(({ state }) => !equal(state, last) && !isKnown(state));
  if (unknown !== undefined)
    throw unknownContour(
      `a published contour of the state ${short(unknown.state)}, which was in force from record ${unknown.sequence} on`,
      "none",
      "it was amended while it ran: publish that contour too, or start it anew under the published one",
    );
}

/** The measurement only grows: a head with fewer points, or another of as many, comes from a fork. */
function assertHeads(
  body: CanisterBody,
  records: readonly LedgerRecord[],
  amendments: NamespaceFacts["amendments"],
): void {
  const now = { measurement: body.measurement, points: body.points, events: body.counters.events };
  let before: typeof now | undefined;
  for (const head of [...records.filter((record) => record.kind === "checkpoint"), now]) {
    if (before !== undefined && (head.points < before.points || head.events < before.events))
      throw rolledBack(
        `at least ${before.points} points and ${before.events} events`,
        `${head.points} and ${head.events}`,
        "its measurement was set back: distrust it",
      );
    const isSame = before === undefined || head.points !== before.points || equal(head.measurement, before.measurement);
    if (before !== undefined && !isSame && !isReordered(amendments, head.points))
      throw equivocates(
        `the measurement ${short(before.measurement)} of ${before.points} points`,
        short(head.measurement),
        "it goes on from a fork: distrust it",
      );
    before = head;
  }
}

/** An amendment to a contour with as many points may have them in another order, and so another measurement. */
export function isReordered(amendments: NamespaceFacts["amendments"], points: number): boolean {
  return amendments.some((one) => one.points === points);
}

function same(what: string, recorded: string | number, told: string | number): void {
  if (recorded !== told)
    throw equivocates(
      `${what} ${String(recorded).slice(0, 40)}, as recorded`,
      String(told).slice(0, 40),
      "its body says otherwise than its records: distrust it",
    );
}

function atLeast(what: string, recorded: number, told: number): void {
  if (told < recorded)
    throw equivocates(`at least ${recorded} ${what}, as recorded`, `${told}`, "its body hides them: distrust it");
}
