/** `isoline attest show`: evidence for people, link by link, from the hardware to each canister. It judges nothing: verify does. */
import {
  type CanisterBody,
  type Evidence,
  leadsTo,
  leafOf,
  MOST_EVIDENCE_BYTES,
  type NodeBody,
  qualifyingData,
  readCanisterBody,
  readEvidence,
  readNodeBody,
} from "@isoline/attest/evidence";
import { AttestError } from "@isoline/attest/error";
import { parseSnpReport, parseTdxQuote, reportData } from "@isoline/attest/tee";
import { type Ledger, lossOfSupervisor, replayLedger, standingOf } from "@isoline/attest/register";
import { attest, decode, isSignedBy, publicArea, signature } from "@isoline/attest/tpm";
import { readRegular } from "../../../store/bounded-file.ts";
import { status } from "../../ending.ts";
import { paint } from "../../output/paint.ts";
import { printLine } from "../../output/streams.ts";
import { counted, grouped, harmless } from "../../output/wording.ts";

const SHORT = 16;

export async function showEvidence(file: string): Promise<number> {
  const evidence = readEvidence(readRegular(file, MOST_EVIDENCE_BYTES, "evidence"));
  const node = readNodeBody(evidence.node);
  const ledger = ledgerIn(evidence);
  const lines = [
    `${paint("bold", "evidence")} of node ${harmless(node.node.slice(0, SHORT))}… for challenge ${short(evidence.challenge)}`,
    `root: ${rootsOf(evidence) || "none. No hardware signed this, so it proves nothing to a stranger"}`,
    "",
    ...(await quoteLines(evidence)),
    ...(await machineLines(evidence, node)),
    ...nodeLines(node),
    ...ledgerLines(ledger, evidence),
    "",
    ...evidence.canisters.flatMap((canister) => canisterLines(canister, evidence, ledger)),
    "",
    "Whether this node is yours, and whether all of this may be: isoline attest verify.",
  ];
  for (const line of lines) printLine(line);
  return status.success;
}

function rootsOf({ quote, reports }: Evidence): string {
  return [...(quote ? ["tpm"] : []), ...(reports.length > 0 ? ["tee"] : [])].join("+");
}

/** What reports of the machine are about. Whether its maker signed them takes the maker's certificates, which a verifier has. */
async function machineLines(evidence: Evidence, { aggregate }: NodeBody): Promise<string[]> {
  const qualifying = qualifyingData(evidence.challenge, evidence.node, evidence.tree.root);
  const lines: string[] = [];
  for (const { provider, report, key } of evidence.reports) {
    const told = { challenge: qualifying, key, aggregate: aggregate?.registers ?? new Uint8Array(32) };
    const expected = await reportData({ ...told, contour: evidence.tree.root });
    lines.push(row("machine", `${harmless(provider)}: its report ${aboutText(provider, report, expected)}`));
  }
  return lines;
}

function aboutText(provider: string, report: Uint8Array, expected: Uint8Array): string {
  try {
    const { reportData: data } = provider === "tdx_guest" ? parseTdxQuote(report) : parseSnpReport(report);
    return `${holds(Buffer.from(data).equals(expected))} this statement and challenge`;
  } catch (fault) {
    if (fault instanceof AttestError) return paint("red", harmless(fault.message));
    throw fault;
  }
}

async function quoteLines({ quote, challenge, node, tree }: Evidence): Promise<string[]> {
  if (quote === undefined) return [];
  const told = decode(attest, quote.message);
  const key = decode(publicArea, quote.key);
  const isSigned = await isSignedBy(key, quote.message, decode(signature, quote.signature));
  const isAbout = short(told.extraData) === short(qualifyingData(challenge, node, tree.root));
  const { clock, resetCount, restartCount, safe } = told.clockInfo;
  const minutes = Math.floor(Number(clock) / 60_000);
  return [
    row(
      "TPM",
      `${counted(resetCount, "reset")}, ${counted(restartCount, "restart")}, powered for ${grouped(minutes)} minutes`,
    ),
    ...(safe ? [] : [row("", "its clock may be behind: it lost power without an orderly end")]),
    row("quote", `${holds(isSigned)} the signature of the key in it; ${holds(isAbout)} this statement and challenge`),
    row("registers", quote.registers.map(({ number, value }) => `${number}:${short(value).slice(0, 8)}`).join(" ")),
  ];
}

function nodeLines({ made, build, kernel, sensors, mitigations, complete, losses, canisters }: NodeBody): string[] {
  const programs = sensors.reduce((sum, each) => sum + each.programs.length, 0);
  return [
    row("node", `isoline ${harmless(build.version)}, build ${short(build.digest)}, ${harmless(kernel.release)}`),
    row(
      "",
      `made ${new Date(made).toISOString()}; ${counted(canisters, "canister")}, ${complete ? "all asked" : "not all of them answered"}`,
    ),
    row("sensors", `${sensors.map(({ sensor }) => sensor).join(", ")}; ${counted(programs, "BPF program")} attached`),
    ...(mitigations.length > 0
      ? [row("mitigations", harmless(mitigations.map(({ name, setting }) => `${name}: ${setting}`).join(", ")))]
      : []),
    ...losses.map((loss) => row("not observed", paint("red", harmless(loss)))),
  ];
}

function ledgerLines(ledger: Ledger | string | undefined, { quote }: Evidence): string[] {
  if (ledger === undefined) return [row("ledger", "none: what canisters did before is only told by their supervisors")];
  if (typeof ledger === "string") return [row("ledger", paint("red", harmless(ledger)))];
  const births = quote?.registers.find(({ number }) => number === ledger.begin.pcr);
  const stands = births && standingOf(births.value, ledger.births);
  return [
    row(
      "ledger",
      `${counted(ledger.length, "record")}, ${counted(ledger.namespaces.size, "birth")}; ${holds(stands !== undefined)} register ${ledger.begin.pcr}` +
        (stands === "behind" ? ", which lacks the last record" : ""),
    ),
    ...lostLines(ledger),
  ];
}

function lostLines({ namespaces }: Ledger): string[] {
  const lost = [...namespaces].filter(([, facts]) => lossOfSupervisor(facts) !== undefined).map(([birth]) => birth);
  if (lost.length === 0) return [];
  return [
    row("", paint("red", `${counted(lost.length, "run")} lost a supervisor, the last that of record ${lost.at(-1)}`)),
  ];
}

function canisterLines(
  { index, path, body: bytes }: Evidence["canisters"][number],
  { tree }: Evidence,
  ledger: Ledger | string | undefined,
): string[] {
  const body = readCanisterBody(bytes);
  const isUnder = leadsTo(tree.root, { leaf: leafOf(bytes), index, size: tree.size, path });
  const { counters, register, bound } = body;
  return [
    `${paint("bold", harmless(body.label))}   ${body.mode}, ${body.sensor}: ${harmless(body.guarantee)}`,
    row("statement", `${holds(isUnder)} the tree that the quote signs, as ${index + 1} of ${tree.size}`),
    ...(body.image === undefined ? [] : [row("image", harmless(body.image))]),
    row("contour", contourText(body)),
    row("state", `${short(body.state)} of ${counted(body.points, "point")}; measurement ${short(body.measurement)}`),
    row(
      "bound",
      bound === undefined
        ? "to no machine"
        : `${short(bound.state)} to the machine ${short(bound.aggregate)} and this challenge`,
    ),
    row("register", register === undefined ? "none" : registerText(register, ledger)),
    row(
      "counted",
      `${counted(counters.events, "event")}, ${counted(counters.departures, "departure")}, ${grouped(counters.refused)} refused, ${grouped(counters.lost)} lost, ${grouped(counters.untrusted)} untrusted`,
    ),
    ...body.incomplete.map((reason) => row("not observed", paint("red", harmless(reason)))),
  ];
}

function contourText({ contour, signature: signed, profile }: CanisterBody): string {
  if (contour === undefined) return `${profile}; none that is published`;
  return `${short(contour)} (${profile}), ${signed === undefined ? "without a signature" : "with a signature"}`;
}

function registerText(
  { name, birth }: NonNullable<CanisterBody["register"]>,
  ledger: Ledger | string | undefined,
): string {
  const facts = typeof ledger === "object" ? ledger.namespaces.get(birth) : undefined;
  const recorded =
    facts === undefined
      ? ""
      : `, ${counted(facts.departures.length, "departure")} and ${counted(facts.losses.length, "loss")} recorded`;
  return `${short(name)}, birth ${birth}${recorded}`;
}

function ledgerIn({ ledger }: Evidence): Ledger | string | undefined {
  if (ledger === undefined) return undefined;
  try {
    return replayLedger(ledger);
  } catch (fault) {
    if (fault instanceof AttestError) return fault.message;
    throw fault;
  }
}

const NAME = 13;
const row = (name: string, text: string): string => `  ${name.padEnd(NAME)} ${text}`;
const holds = (isSo: boolean): string => (isSo ? "fits" : paint("red", "does not fit"));
const short = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? "unknown" : Buffer.from(bytes).toString("hex").slice(0, SHORT);
