/** The roots of trust of one machine, and what evidence that rests on them is worth: the table of docs/attestation.md. */
import { type HostFiles, hostFiles } from "../host-files.ts";
import { tpmAddress, TPM_DEVICE, usingTpm } from "../using-tpm.ts";
import { type ConfidentialFinding, findConfidential } from "./confidential.ts";
import { findBootLog, findImaList, type LogFinding } from "./logs.ts";
import { findTpm, type TpmFinding } from "./tpm.ts";

export type Root = "none" | "tpm" | "tpm, weak" | "tee" | "tpm+tee";

/** What each root proves, and what it does not. */
export const worth: Readonly<Record<Root, readonly [proves: string, not: string]>> = {
  none: ["nothing to a stranger: a statement of the program that made it", "anything about the machine"],
  tpm: [
    "what was recorded before the kernel was compromised stays recorded, and belongs to the quoted boot",
    "that what is recorded afterwards is true",
  ],
  "tpm, weak": ["the same, since root last reset the register", "history"],
  tee: [
    "the host cannot change contour, measurement, trust and key, and the engine's code is measured",
    "that the host's sensor told the engine everything",
  ],
  "tpm+tee": ["what a TPM proves and what a TEE proves", "that a kernel that lies from boot on withholds nothing"],
};

export interface Roots {
  readonly root: Root;
  readonly tpm: TpmFinding | { readonly missing: string };
  readonly bootLog: LogFinding;
  readonly imaList: LogFinding;
  readonly confidential: ConfidentialFinding;
}

export interface Asked {
  /** Address of a TPM; this machine's own if undefined. */
  readonly tpm?: string | undefined;
  readonly countsSpace?: boolean;
  readonly files?: HostFiles;
}

export async function findRoots({ tpm: named, countsSpace = false, files = hostFiles() }: Asked): Promise<Roots> {
  const address = tpmAddress(named);
  const tpm =
    address === undefined
      ? { missing: `there is no ${TPM_DEVICE}, and --tpm names no other` }
      : await usingTpm(address, (each) => findTpm(each, address, countsSpace));
  const confidential = findConfidential(files);
  return {
    root: rootOf(tpm, confidential),
    tpm,
    bootLog: findBootLog(files),
    imaList: findImaList(files),
    confidential,
  };
}

function rootOf(tpm: Roots["tpm"], { provider }: ConfidentialFinding): Root {
  const hasTee = provider !== null;
  if ("missing" in tpm) return hasTee ? "tee" : "none";
  if (hasTee) return "tpm+tee";
  return tpm.ownerHasPassword || tpm.space === 0 ? "tpm, weak" : "tpm";
}
