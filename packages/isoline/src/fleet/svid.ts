/** An X.509-SVID for this node, or for one of its canisters: for a key that its TPM or its machine vouches for (docs/spec/svid.md). */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from "node:crypto";
import { existsSync } from "node:fs";
import { svidStatement, writeQuote } from "@isoline/attest/evidence";
import { withAttestationKey } from "../attest/node-keys.ts";
import { quoted } from "../attest/quoting.ts";
import type { ReportFiles } from "../attest/tsm/index.ts";
import { usingTpm } from "../attest/using-tpm.ts";
import { CliError } from "../error.ts";
import { readRegular } from "../store/bounded-file.ts";
import { writeDurably } from "../store/output.ts";
import { json } from "./join.ts";
import { MachineKey } from "./machine-key.ts";
import { challenged, type SvidAnswer, svidAnswer } from "./model.ts";
import { assertClosed } from "./closed.ts";
import { type EnrolledAt, serverOf } from "./node-place.ts";

export interface SvidOrder {
  readonly enrolled: EnrolledAt;
  /** The label of a canister; for the node itself if left out. */
  readonly canister?: string | undefined;
  /** The file with the private key; it is made if it is missing. */
  readonly key: string;
  /** Where the kernel gives reports of a machine without a TPM; its usual place if left out. */
  readonly reports?: ReportFiles | undefined;
}

const MOST_KEY = 16 * 1024;
const CURVES: ReadonlySet<unknown> = new Set(["prime256v1", "secp384r1"]);

/** Asks the verifier of this node. Fails with `fleet-refused` where the last evidence does not affirm whose SVID it is to be. */
export async function askForSvid({ enrolled, canister, key: file, reports }: SvidOrder): Promise<SvidAnswer> {
  const key = keyAt(file);
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const path = `/v1/nodes/${encodeURIComponent(enrolled.name)}`;
  const server = serverOf(enrolled);
  try {
    const { challenge } = await server.ask(`${path}/challenge`, challenged);
    const statement = svidStatement(Uint8Array.from(Buffer.from(challenge, "hex")), canister, spki);
    const order = {
      challenge,
      canister,
      key: spki.toString("base64"),
      proof: sign("sha256", statement, key).toString("base64"),
      ...(await vouched(enrolled, statement, reports)),
    };
    return checked(await server.ask(`${path}/svid`, svidAnswer, json(order)), key);
  } finally {
    server.close();
  }
}

/** What vouches for the statement: a quote, or without a TPM a report and a signature by the node's own key. */
async function vouched({ tpm, machineKey }: EnrolledAt, statement: Uint8Array, reports: ReportFiles | undefined) {
  if (machineKey !== undefined) {
    const { provider, report, certificates, proof } = await MachineKey.of(machineKey).shown(statement, reports);
    return {
      report: { provider, report: base64(report), certificates: base64(certificates), proof: base64(proof) },
    };
  }
  const digest = Uint8Array.from(createHash("sha256").update(statement).digest());
  const quote = await usingTpm(tpm ?? "", (open) => withAttestationKey(open, (own) => quoted(open, own, digest)));
  return { quote: base64(writeQuote(quote)) };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** A key that is there is kept: so the file with the certificate can be replaced alone, and the two always fit. */
function keyAt(path: string): KeyObject {
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeDurably(path, [privateKey.export({ type: "pkcs8", format: "pem" })], 0o600);
    return privateKey;
  }
  assertClosed(path, "file");
  const bytes = readRegular(path, MOST_KEY, "a private key in PEM");
  try {
    const key = createPrivateKey(bytes);
    if (CURVES.has(key.asymmetricKeyDetails?.namedCurve)) return key;
  } catch {
    // The reason could quote the file.
  }
  throw new CliError(
    "cannot-read",
    `${path}: expected a private key for ECDSA on P-256 or P-384, in PEM, got something else; name another file, and it is made`,
  );
}

/** What a verifier answers is kept only if it is a certificate of this key, by the name that it says. */
function checked(answer: SvidAnswer, key: KeyObject): SvidAnswer {
  try {
    const certificate = new X509Certificate(answer.certificate);
    if (certificate.checkPrivateKey(key) && certificate.subjectAltName === `URI:${answer.id}`) return answer;
  } catch {
    // Said below.
  }
  throw new CliError(
    "bad-fleet-answer",
    `expected a certificate of our key for ${answer.id}, got another one; ask again`,
  );
}
