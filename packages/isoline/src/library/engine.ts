/** The engine that a run uses, where it is not the run's own. */
import type { KeyObject } from "node:crypto";
import { IsolineError } from "@isoline/core/error";
import { CliError } from "../error.ts";
import type { EnginePlan } from "../namespace/plan.ts";
import { publicKey, readSigningKey, readTrustedKey, type TrustedKey } from "../store/signature/keys.ts";
import { parseAddress } from "../wire/address.ts";
import type { MeasuredMachines } from "../wire/measured-proof.ts";

/** An engine at the other end of a wire: docs/engine.md. */
export interface EngineOptions {
  /** Where it is: `unix:/PATH`, `vsock:CID:PORT` or `device:/PATH`. */
  readonly address: string;
  /**
   * What the engine must prove: one of the public keys (Ed25519) in these files, or that it runs on one of these machines, whose TPM
   * quotes a boot that was measured before.
   */
  readonly proves: readonly string[] | MeasuredMachines;
  /** The file of the private key (Ed25519) that this machine proves to the engine. */
  readonly sensorKey: string;
  /** For how many seconds an act may wait for its verdict; 5 if left out. */
  readonly seconds?: number | undefined;
}

const SECONDS = 5;

/** Reads the keys before anything is started. */
export function enginePlan({ address, proves, sensorKey, seconds = SECONDS }: EngineOptions): EnginePlan {
  parseAddress(address);
  return {
    address,
    proves: "nodes" in proves ? someMachine(proves) : someKey(proves),
    key: readOwnKey(sensorKey),
    milliseconds: seconds * 1000,
  };
}

function someMachine(machines: MeasuredMachines): MeasuredMachines {
  const { nodes, boots } = machines;
  if (nodes.length > 0 && boots.length > 0) return machines;
  throw new CliError(
    "usage",
    `expected at least one enrolled machine and one boot that is trusted, by values of registers alone, got ${nodes.length} and ${boots.length}; see docs/engine.md`,
  );
}

function someKey(files: readonly string[]): readonly TrustedKey[] {
  if (files.length > 0) return files.map(readPinnedKey);
  throw new CliError("usage", "expected the key that the engine must prove: --engine-key FILE, a public key in PEM");
}

/** A public key that the other end may have. */
export function readPinnedKey(path: string): TrustedKey {
  const key = readTrustedKey(path);
  assertEd25519(publicKey(key), path);
  return key;
}

/** The private key of this end, in PEM. */
export function readOwnKey(path: string): string {
  const key = readSigningKey(path);
  assertEd25519(key, path);
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}

function assertEd25519({ asymmetricKeyType: type }: KeyObject, path: string): void {
  if (type === "ed25519") return;
  throw new IsolineError(
    "bad-signing-key",
    `${path}: expected a key for Ed25519, got one for ${type}; make one with: openssl genpkey -algorithm ed25519`,
  );
}
