/** `isoline attest verify`: what evidence proves, by what this verifier trusts and its policy. Offline. */
import { type Check, type Ending, type FailureClass, type Status, signEar } from "@isoline/attest/appraise";
import { MOST_EVIDENCE_BYTES } from "@isoline/attest/evidence";
import { readEarKey } from "../../../attest/ear-key.ts";
import { type Verification, verifyEvidence } from "../../../attest/verify-evidence.ts";
import { version } from "../../../namespace/run-beginning.ts";
import { readRegular } from "../../../store/bounded-file.ts";
import { writeDurably } from "../../../store/output.ts";
import { status } from "../../ending.ts";
import { type Paint, paint } from "../../output/paint.ts";
import { printJson, printLine } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";
import { usage } from "../../refusal.ts";
import { challengeIn } from "./challenge.ts";
import { checkOf, statusWith } from "./ended.ts";

export interface AttestVerifyOptions {
  readonly challenge: string;
  readonly trust: string;
  readonly policy: string;
  readonly node?: string;
  readonly about?: readonly string[];
  readonly output?: string;
  readonly key?: string;
  readonly json?: boolean;
}

const MOST_POLICY = 2 ** 24;
const exits: Readonly<Record<Status, number>> = {
  affirming: status.success,
  contraindicated: status.offContour,
  unverifiable: status.incomplete,
};

export async function verifyAttestation(file: string, options: AttestVerifyOptions): Promise<number> {
  const { output, key, json } = options;
  if ((output === undefined) !== (key === undefined))
    throw usage("expected both -o FILE and --key KEY for a result that others can check, or neither");
  const signer = key === undefined ? undefined : await readEarKey(key);
  const now = new Date();
  const verified = await verifyEvidence({
    evidence: readRegular(file, MOST_EVIDENCE_BYTES, "evidence"),
    challenge: challengeIn(options.challenge),
    trust: options.trust,
    policy: readRegular(options.policy, MOST_POLICY, "a policy"),
    node: options.node,
    about: options.about,
    now,
  });
  if (output !== undefined && signer !== undefined)
    writeDurably(output, [`${await signEar(verified, { ...signer, now, build: version() })}\n`]);
  if (json) printJson(document(verified));
  else for (const line of page(verified)) printLine(line);
  return exits[statusWith(verified)];
}

const vouchers: Readonly<Record<Verification["canisters"][number]["root"], string>> = {
  tpm: "its past is in the TPM",
  tee: "as its confidential machine says",
  node: "as its node says",
};

function document(verified: Verification): object {
  const { root, node, name, platform, canisters, endings, evidenceDigest, policy } = verified;
  return {
    isoline: 1,
    status: statusWith(verified),
    root,
    node: node ?? null,
    name: name ?? null,
    platform,
    canisters,
    endings: endings.map(({ label, birth, failure, why }) => ({ label, birth, failure, why })),
    evidence: `sha256:${evidenceDigest}`,
    policy: policy ?? null,
  };
}

const colours: Readonly<Record<Status, Paint>> = {
  affirming: "green",
  contraindicated: "red",
  unverifiable: "yellow",
};

function page(verified: Verification): string[] {
  const { root, name, node, platform, canisters, endings, policy } = verified;
  const who =
    name ?? (node === undefined ? "an unknown node" : `node ${harmless(node.slice(0, 16))}…, which is not enrolled`);
  const by = policy === undefined ? "" : `, by policy ${harmless(policy.name)} ${policy.version}`;
  return [
    `${verdict(statusWith(verified))}: ${who}, root: ${root}${by}`,
    ...lines("node", platform.status, platform.checks),
    ...canisters.flatMap(({ label, root: vouched, status: own, checks }) => [
      ...lines(`${harmless(label)} (${vouchers[vouched]})`, own, checks),
    ]),
    ...endings.flatMap(endingLines),
  ];
}

function endingLines(ending: Ending): string[] {
  const { status: result, check } = checkOf(ending);
  const what = ending.isUnsupervised === true ? "it lost its supervisor" : "it ended";
  return lines(`${harmless(ending.label)} (${what})`, result, [check]);
}

function lines(what: string, result: Status, checks: readonly Check[]): string[] {
  return [`  ${verdict(result)}  ${what}`, ...checks.flatMap(checkLines)];
}

function checkLines({ name, outcome, failure, why }: Check): string[] {
  if (outcome === "passed" || why === undefined) return [];
  const how = outcome === "failed" ? paint("red", failureText(failure)) : paint("yellow", "warning");
  return [`    ${name}: ${how}: ${harmless(why)}`];
}

const failureText = (failure: FailureClass | undefined): string => failure ?? "broken-evidence";

const verdict = (result: Status): string => paint(colours[result], result);
