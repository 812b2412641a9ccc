/** A TPM for the length of one piece of work. swtpm serves one connection at a time, so no connection is kept. */
import { existsSync } from "node:fs";
import { flushAll, isOutOfMemory } from "@isoline/attest/birth";
import { Tpm } from "@isoline/attest/tpm";

/** The device with the kernel's resource manager, which several programs can share. */
export const TPM_DEVICE = "/dev/tpmrm0";

/** The TPM that was named, or this machine's own; undefined where neither is. */
export function tpmAddress(named: string | undefined): string | undefined {
  return named ?? (existsSync(TPM_DEVICE) ? TPM_DEVICE : undefined);
}

export async function usingTpm<T>(address: string, work: (tpm: Tpm) => Promise<T>): Promise<T> {
  try {
    return await connected(address, work);
  } catch (fault) {
    // Without a resource manager, what the connection of a program that was killed had loaded is still there.
    if (!isOutOfMemory(fault) || !/^(?:unix|tcp):/.test(address)) throw fault;
    await connected(address, flushAll);
    return connected(address, work);
  }
}

async function connected<T>(address: string, work: (tpm: Tpm) => Promise<T>): Promise<T> {
  const tpm = await Tpm.open(address);
  try {
    return await work(tpm);
  } finally {
    tpm.close();
  }
}
