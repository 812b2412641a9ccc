/** What each node's last accepted evidence said, kept durably: without it a verifier could be led back into the past. */
import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { type Accepted, readAccepted, writeAccepted } from "@isoline/attest/appraise";
import { lock } from "@isoline/linux";
import { CliError } from "../../error.ts";
import { writeDurably } from "../../store/output.ts";
import type { TrustDirectory } from "./directory.ts";

const ID = /^[0-9a-f]{64}$/;
const PATIENCE_MS = 60_000;

export function readLast(trust: TrustDirectory, node: string | undefined): Accepted | undefined {
  if (node === undefined || !ID.test(node)) return undefined;
  const file = trust.file("accepted", `${node}.json`);
  return file === undefined ? undefined : readAccepted(file.bytes.toString("utf8"));
}

/** Only of a node that was enrolled: its id names the file. */
export function keepAccepted(trust: TrustDirectory, node: string, accepted: Accepted): void {
  writeDurably(trust.place("accepted", `${node}.json`), [writeAccepted(accepted)], 0o600);
}

/** Does work while no other verifier reads or writes what was accepted: two of them must not accept the same evidence. */
export async function alone<T>(trust: TrustDirectory, work: () => Promise<T>): Promise<T> {
  const folder = dirname(trust.place("accepted", "any"));
  const fd = openSync(folder, "r");
  try {
    if (!lock(fd, PATIENCE_MS))
      throw new CliError("cannot-write", `${folder}: another verifier has held it for a minute; try again`);
    return await work();
  } finally {
    closeSync(fd);
  }
}
