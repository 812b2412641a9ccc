/** Reports that real processors made. They are not part of the sources; tests that need them are skipped where they are absent. */
import { fileURLToPath } from "node:url";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCertificate, parseCertificates, parseRevocationList } from "../../../packages/attest/src/x509/index.ts";

const FOLDER = fileURLToPath(new URL("../../../../shared/vectors/tee", import.meta.url));

export const hasRecorded = existsSync(FOLDER);
export const recorded = (name: string) => new Uint8Array(readFileSync(join(FOLDER, name)));
const text = (name: string) => readFileSync(join(FOLDER, name), "utf8");

/** A SEV-SNP report with its key's certificate, and AMD's authorities: the last one is the root. */
export function recordedSnp(report: string, key: string, authorities: string) {
  const [between, root] = parseCertificates(text(authorities));
  return {
    evidence: { report: recorded(report), certificates: [parseCertificate(recorded(key))] },
    trust: { roots: [root!], between: [between!], revocations: [], covered: "as given" as const },
  };
}

/** Intel's statements as they were in June 2025, with its revocation lists. */
export function recordedCollateral() {
  const told = JSON.parse(text("dcap-tdx.collateral.json")) as Record<string, string>;
  const list = (name: string) => parseRevocationList(Buffer.from(told[name]!, "hex"));
  const statement = (name: string) => ({
    text: told[name]!,
    signature: told[`${name}_signature`]!,
    issuers: told[`${name}_issuer_chain`]!,
  });
  return {
    collateral: { tcbInfo: statement("tcb_info"), qeIdentity: statement("qe_identity") },
    trust: {
      roots: [parseCertificates(told["tcb_info_issuer_chain"]!).at(-1)!],
      between: [],
      revocations: [list("root_ca_crl"), list("pck_crl")],
      covered: "as given" as const,
    },
  };
}
