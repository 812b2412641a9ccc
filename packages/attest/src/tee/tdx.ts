/** What a quote of Intel TDX proves. */
import {
  type Certificate,
  type ChainTrust,
  chainOf,
  concatenated,
  earliest,
  isEqual,
  isSignedRaw,
  isZero,
  keyOfPoint,
  subtle,
  untrusted,
} from "../x509/index.ts";
import type { Fields } from "./layout.ts";
import { assertMeasurements, assertReportData, type TeeQuestion } from "./policy.ts";
import { brokenReport } from "./refusal.ts";
import { type TcbStatus, type TdxCollateral, verifyQeIdentity, verifyTcbInfo } from "./tdx-collateral.ts";
import { type Platform, platformOf } from "./tdx-pck.ts";
import { parseTdxQuote, type TdxQuote } from "./tdx-quote.ts";
import { type Standing, standingOf, standingOfEnclave, worst } from "./tdx-tcb.ts";

/** What came from the machine, or from Intel: none of it is trusted. */
export interface TdxEvidence {
  readonly quote: Uint8Array;
  /** Intel's statements about such platforms. Without them the status is `Unknown`. */
  readonly collateral?: TdxCollateral | undefined;
}

export interface TdxPolicy extends TeeQuestion {
  /** `Revoked` is never accepted; `Unknown` accepts a quote without collateral, whose firmware may be as old as it likes. */
  readonly statuses: readonly TcbStatus[];
  /** The lowest number of Intel's evaluation that collateral may be of. */
  readonly leastEvaluation?: number;
}

export interface TdxProof {
  readonly is: "tdx";
  readonly measurements: Readonly<Record<string, string>>;
  readonly status: TcbStatus;
  readonly advisories: readonly string[];
  /** The kind of platform, as Intel numbers it. */
  readonly platform: Platform;
  /** No certificate and no statement is valid longer. */
  readonly until: Date;
}

/** Bits 0 to 7 of the attributes: with any of them the guest can be debugged (Intel TDX Module ABI, TD_ATTRIBUTES, group TUD). */
const DEBUG_GROUP = 0xffn;
/** Bit 1 of the flags of an enclave's attributes (SDM volume 3D, 35.7.1). */
const ENCLAVE_DEBUG = 2n;

/**
 * Verifies a quote: Intel's root stands behind the platform's key, that key signed the quoting enclave's report, the enclave made the
 * attestation key, and that key signed the quote; then what it says. Throws `bad-tee-report`, `bad-certificate`, `broken-evidence` or
 * `untrusted-tee`.
 */
export async function verifyTdx(
  { quote: bytes, collateral }: TdxEvidence,
  policy: TdxPolicy,
  given: ChainTrust,
  now: Date,
): Promise<TdxProof> {
  // Intel's statements come with its revocation lists: a verifier that has the ones has the others.
  const trust: ChainTrust = collateral === undefined ? given : { ...given, covered: "all" };
  const quote = parseTdxQuote(bytes);
  const pck = quote.certificates[0] as Certificate;
  const chain = await chainOf(pck, { ...trust, between: [...trust.between, ...quote.certificates] }, now);
  assertSameChain(quote.certificates, chain);
  const platform = platformOf(pck);
  await assertSignatures(quote, pck);
  assertReportData(quote.reportData, policy);
  assertGuest(quote);
  const standing =
    collateral === undefined ? unknown(chain) : await standingBy(collateral, quote, platform, policy, trust, now);
  if (standing.status === "Revoked" || !policy.statuses.includes(standing.status))
    throw untrusted(
      `its firmware is ${standing.status} (${standing.advisories.join(", ") || "no advisories"}), and the policy accepts ${policy.statuses.join(", ") || "nothing"}`,
    );
  const measurements = measurementsOf(quote.body);
  assertMeasurements(measurements, "mrtd", policy);
  return {
    is: "tdx",
    measurements,
    status: standing.status,
    advisories: standing.advisories,
    platform,
    until: earliest([...chain, standing]),
  };
}

/** A quote has platform, authority and root, in this order, and nothing else. */
function assertSameChain(told: readonly Certificate[], chain: readonly Certificate[]): void {
  const isSame =
    told.length === chain.length && told.every(({ der }, index) => isEqual(der, chain[index]?.der ?? empty));
  if (!isSame) throw untrusted("the certificates in it are not the chain from its platform to the root");
}

const empty = new Uint8Array();

async function assertSignatures(quote: TdxQuote, pck: Certificate): Promise<void> {
  const { enclave, enclaveSignature, key, authentication, signature, signed } = quote;
  if (!(await isSignedRaw(pck.key, "SHA-256", enclaveSignature, enclave.bytes)))
    throw brokenReport("the report of its quoting enclave is not signed by the key of its certificate");
  const bound = new Uint8Array(await subtle().digest("SHA-256", concatenated(key, authentication)));
  const told = enclave.at("report_data");
  if (!isEqual(told.subarray(0, bound.length), bound) || !isZero(told.subarray(bound.length)))
    throw brokenReport("its quoting enclave did not make its attestation key");
  if (!(await isSignedRaw(keyOfPoint("P-256", key), "SHA-256", signature, signed)))
    throw brokenReport("it is not signed by its attestation key");
}

function assertGuest({ body, enclave }: TdxQuote): void {
  if ((body.bits("tdattributes") & DEBUG_GROUP) !== 0n)
    throw untrusted("its host may debug it, and so read and change its memory");
  if ((enclave.bits("attributes") & ENCLAVE_DEBUG) !== 0n) throw untrusted("its quoting enclave can be debugged");
  if (!isZero(body.at("mrsignerseam")) || !isZero(body.at("seamattributes")))
    throw untrusted("its TDX module is not one of Intel's");
}

type DatedStanding = Standing & { readonly until: Date };

const unknown = (chain: readonly Certificate[]): DatedStanding => ({
  status: "Unknown",
  advisories: [],
  until: earliest(chain),
});

async function standingBy(
  { tcbInfo, qeIdentity }: TdxCollateral,
  { body, enclave }: TdxQuote,
  platform: Platform,
  { leastEvaluation = 0 }: TdxPolicy,
  trust: ChainTrust,
  now: Date,
): Promise<DatedStanding> {
  const info = await verifyTcbInfo(tcbInfo, trust, now);
  const identity = await verifyQeIdentity(qeIdentity, trust, now);
  for (const { evaluation } of [info, identity])
    if (evaluation < leastEvaluation)
      throw untrusted(
        `the collateral is of evaluation ${evaluation}, and the policy accepts ${leastEvaluation} at least`,
      );
  const standing = worst(standingOf(platform, body, info), standingOfEnclave(enclave, identity));
  return { ...standing, until: earliest([info, identity]) };
}

function measurementsOf(body: Fields): Readonly<Record<string, string>> {
  const names = [
    "mrtd",
    "rtmr0",
    "rtmr1",
    "rtmr2",
    "rtmr3",
    "mrconfigid",
    "mrowner",
    "mrownerconfig",
    "mrseam",
    "xfam",
    "tdattributes",
  ];
  return Object.fromEntries(names.map((name) => [name, body.hex(name)]));
}
