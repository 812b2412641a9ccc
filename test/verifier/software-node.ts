/** A node whose TPM is software in this process: keys and quotes have the form of a real one's. For many nodes, and for forgeries. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { writeNode } from "../../packages/attest/src/enrol/index.ts";
import { nodeIdOf } from "../../packages/attest/src/enrol/index.ts";
import {
  type CanisterBody,
  evidenceOf,
  type NodeBody,
  type ReportEvidence,
  type Statement,
  stateOf,
  writeEvidence,
} from "../../packages/attest/src/evidence/index.ts";
import { replayLedger } from "../../packages/attest/src/register/index.ts";
import {
  attest,
  attestationKey,
  encode,
  endorsementRsa,
  type PublicArea,
  publicArea,
  type Signature,
  signature,
} from "../../packages/attest/src/tpm/index.ts";
import { canisterSample, nodeSample } from "../attest/samples.ts";

const REGISTERS = Array.from({ length: 16 }, (_, register) => register);
const sha256 = (...parts: readonly Uint8Array[]) =>
  Uint8Array.from(parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest());

export interface Told {
  readonly node?: Partial<NodeBody>;
  readonly canisters?: readonly Omit<CanisterBody, "type">[];
  /** Changes after the quote was made, as by a node that lies. */
  readonly registers?: readonly Uint8Array[] | undefined;
  /** Milliseconds of the TPM's clock; goes on by itself if left out. */
  readonly clock?: bigint | undefined;
  readonly resetCount?: number | undefined;
  readonly restartCount?: number | undefined;
  /** Numbers of the registers that are quoted; 0 to 15 if left out. */
  readonly quoted?: readonly number[] | undefined;
  /** Registers that its boot left, in place of those that every node here has. */
  readonly booted?: Readonly<Record<number, Uint8Array>> | undefined;
  /** Its log of measured boot. */
  readonly bootLog?: Uint8Array | undefined;
  /** A ledger that its TPM leads to. */
  readonly ledger?: Uint8Array | undefined;
  /** Reports of the machine that this node is. */
  readonly report?: (statement: Statement) => readonly ReportEvidence[];
}

export class SoftwareNode {
  readonly name: string;
  readonly key: PublicArea;
  readonly id: string;
  readonly token: string;
  readonly #private: KeyObject;
  #clock = 1_000n;

  constructor(name: string) {
    this.name = name;
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x = "", y = "" } = publicKey.export({ format: "jwk" });
    const unique = { x: Uint8Array.from(Buffer.from(x, "base64url")), y: Uint8Array.from(Buffer.from(y, "base64url")) };
    this.key = { is: "ecc", value: { ...attestationKey.value, unique } } as PublicArea;
    this.#private = privateKey;
    this.id = nodeIdOf(this.key);
    this.token = `isn~${name}~${"A".repeat(43)}`;
  }

  /** As a row of the store, enrolled. */
  row(tenant = "acme", labels: Readonly<Record<string, string>> = {}) {
    const enrolled = new Date();
    const endorsement = { public: endorsementRsa, certificate: Uint8Array.of(0) };
    const document = writeNode({
      id: this.id,
      attestationKey: this.key,
      endorsement,
      enrolled: enrolled.toISOString(),
    });
    const token = createHash("sha256").update(this.token).digest("hex");
    return { name: this.name, id: this.id, tenant, labels, document, token, enrolled };
  }

  /** Evidence for a challenge, quoted by this node's key. */
  evidence(
    challenge: Uint8Array,
    { node = {}, canisters = [canisterSample("web")], booted, bootLog, ledger, report, ...told }: Told = {},
  ): Uint8Array {
    const statement = stateOf(challenge, { ...nodeSample({ node: this.id, made: Date.now() }), ...node }, canisters);
    const led = ledger && replayLedger(ledger);
    const quote = this.quote(statement.qualifying, told, {
      ...booted,
      ...(led && { [led.begin.pcr]: led.births.value }),
    });
    const reports = report?.(statement) ?? [];
    const logs = { ...(bootLog && { bootLog }), ...(ledger && { ledger }) };
    return writeEvidence(evidenceOf(statement, { quote, registers: [], reports, ...logs }));
  }

  /** What this node's TPM signs, with this qualifying data in it. */
  quote(
    qualifying: Uint8Array,
    {
      registers,
      clock,
      resetCount = 1,
      restartCount = 0,
      quoted = REGISTERS,
    }: Pick<Told, "registers" | "clock" | "resetCount" | "restartCount" | "quoted"> = {},
    extended: Readonly<Record<number, Uint8Array>> = {},
  ) {
    this.#clock += 10n;
    const values = quoted.map((register) => extended[register] ?? new Uint8Array(32).fill(register));
    const message = encode(attest, {
      magic: 0xff544347,
      qualifiedSigner: Uint8Array.of(0, 11, ...new Uint8Array(32)),
      extraData: qualifying,
      clockInfo: { clock: clock ?? this.#clock, resetCount, restartCount, safe: true },
      firmwareVersion: 1n,
      attested: {
        is: "quote",
        value: { pcrs: [{ hash: "sha256", registers: quoted }], digest: sha256(...values) },
      },
    });
    const raw = sign("sha256", message, { key: this.#private, dsaEncoding: "ieee-p1363" });
    const signed: Signature = {
      is: "ecdsa",
      value: { hash: "sha256", r: Uint8Array.from(raw.subarray(0, 32)), s: Uint8Array.from(raw.subarray(32)) },
    };
    return {
      key: encode(publicArea, this.key),
      message,
      signature: encode(signature, signed),
      registers: (registers ?? values).map((value, index) => ({ number: quoted[index]!, value })),
    };
  }
}
