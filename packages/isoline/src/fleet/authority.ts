/** The certificates that a verifier's own must lead to, where those of the system do not count. */
import { X509Certificate } from "node:crypto";
import { CliError } from "../error.ts";
import { readRegular } from "../store/bounded-file.ts";

const MOST_BYTES = 256 * 1024;

/** Those of a file. Refuses a file without any: to Node an empty one is as none, and every public authority would count. */
export function authorityIn(path: string): string {
  const text = readRegular(path, MOST_BYTES, "certificates in PEM").toString("latin1");
  assertAuthority(text, path);
  return text;
}

/** Refuses a text without a certificate; `where` says where it stands. */
export function assertAuthority(text: string, where: string): void {
  if (text.includes("-----BEGIN ") && isCertificate(text)) return;
  throw new CliError(
    "bad-fleet-configuration",
    `${where}: expected certificates in PEM that the server's must lead to, got ${
      text.trim() === "" ? "nothing" : "none that is whole"
    }; write them again, or leave them out if the system's authorities are meant`,
  );
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0;
  } catch {
    return false;
  }
}
