/** `isoline attest doctor`: the roots of trust of this machine, and what evidence that rests on them is worth. */
import type { LogFinding } from "../../../attest/roots/logs.ts";
import { findRoots, type Roots, worth } from "../../../attest/roots/roots.ts";
import { MOST_COUNTED, type TpmFinding } from "../../../attest/roots/tpm.ts";
import { status } from "../../ending.ts";
import { paint } from "../../output/paint.ts";
import { printJson, printLine } from "../../output/streams.ts";
import { grouped, harmless } from "../../output/wording.ts";

export interface AttestDoctorOptions {
  readonly tpm?: string;
  readonly count?: boolean;
  readonly json?: boolean;
}

export async function attestDoctor({ tpm, count = false, json }: AttestDoctorOptions): Promise<number> {
  const roots = await findRoots({ tpm, countsSpace: count });
  if (json) printJson({ isoline: 1, ...roots, worth: { proves: worth[roots.root][0], not: worth[roots.root][1] } });
  else for (const line of page(roots)) printLine(line);
  return roots.root === "none" ? status.failure : status.success;
}

function page({ root, tpm, bootLog, imaList, confidential }: Roots): string[] {
  const [proves, not] = worth[root];
  return [
    ...("missing" in tpm ? [row(false, "TPM 2.0", tpm.missing)] : tpmLines(tpm)),
    logLine("log of measured boot", bootLog),
    logLine("IMA measurement list", imaList),
    row(confidential.provider !== null, "confidential machine", confidential.detail),
    "",
    `${paint("bold", `root: ${root}`)}`,
    `  proves           ${proves}`,
    `  does not prove   ${not}`,
  ];
}

function tpmLines(tpm: TpmFinding): string[] {
  const { maker, firmware, address, banks, resettable, endorsement, clock } = tpm;
  return [
    row(true, "TPM 2.0", `${maker}, firmware ${firmware}, at ${address}`),
    detail("banks", Object.keys(banks).join(", ") || "none"),
    detail("reset by root", resettable.length > 0 ? `${resettable.join(", ")}: they prove no history` : "no register"),
    detail("endorsement RSA-2048", certificateText(endorsement.rsa2048)),
    detail("endorsement P-384", certificateText(endorsement.p384)),
    detail("registers", spaceText(tpm)),
    detail(
      "started",
      `${clock.resets} resets, ${clock.restarts} restarts${clock.safe ? "" : "; the clock may be behind"}`,
    ),
  ];
}

/** What a TPM says of itself is text from outside. */
const certificateText = (issuer: string | null): string => (issuer === null ? "no certificate" : harmless(issuer));

function spaceText({ indexes, space, ownerHasPassword }: TpmFinding): string {
  const defined = `${indexes} indexes are defined`;
  if (ownerHasPassword) return `${defined}; the owner's hierarchy has a password, so isoline can make none`;
  if (space === null) return `${defined}; --count counts how many more fit`;
  return `${defined}; space for ${space === MOST_COUNTED ? `at least ${space}` : space} more`;
}

function logLine(name: string, log: LogFinding): string {
  if ("missing" in log) return row(false, name, log.missing);
  return row(true, name, `${grouped(log.entries)} entries, ${grouped(log.bytes)} bytes`);
}

const NAME = 22;

function row(isThere: boolean, name: string, text: string): string {
  return `${isThere ? paint("green", "yes") : paint("yellow", "no ")}  ${name.padEnd(NAME)} ${text}`;
}

const detail = (name: string, text: string): string => `       ${name.padEnd(NAME - 2)} ${text}`;
