/**
 * The key of a node that has no TPM. For a statement the node shows a report of its confidential machine, and a signature by the key. The
 * key is made for one enrolment, and kept with the node's token; the host must not be able to read where that is.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type MachineReport, reportDataOf } from "@isoline/attest/enrol";
import { machineReport, type ReportFiles } from "../attest/tsm/index.ts";

export class MachineKey {
  readonly #private: KeyObject;
  /** SubjectPublicKeyInfo in DER. */
  readonly info: Uint8Array;

  private constructor(key: KeyObject) {
    this.#private = key;
    this.info = Uint8Array.from(createPublicKey(key).export({ type: "spki", format: "der" }));
  }

  static made(): MachineKey {
    return new MachineKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
  }

  /** From the private key in PEM. */
  static of(pem: string): MachineKey {
    return new MachineKey(createPrivateKey(pem));
  }

  /** The private key in PEM. */
  get pem(): string {
    return this.#private.export({ type: "pkcs8", format: "pem" }).toString();
  }

  /** ECDSA with SHA-256, in DER. */
  signed(statement: Uint8Array): Uint8Array {
    return Uint8Array.from(sign("sha256", statement, this.#private));
  }

  /** Fails with `tee-refused` where this machine gives no report. */
  async shown(
    statement: Uint8Array,
    files: ReportFiles | undefined,
  ): Promise<MachineReport & { readonly proof: Uint8Array }> {
    const data = await reportDataOf(statement, this.info);
    const report = await machineReport({ data, ...(files && { files }) });
    return { ...report, proof: this.signed(statement) };
  }
}
