/** A node without a TPM: a key, and a confidential machine of a maker that exists only in tests. For joining, and for forgeries. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  machineStatement,
  readMachineChallenge,
  reportDataOf,
  writeMachineAnswer,
  writeMachineRequest,
} from "../../packages/attest/src/enrol/index.ts";
import {
  evidenceOf,
  keyStatement,
  type ReportEvidence,
  stateOf,
  svidStatement,
  writeEvidence,
} from "../../packages/attest/src/evidence/index.ts";
import { nodeIdByKey, reportData } from "../../packages/attest/src/tee/index.ts";
import * as amd from "../attest/tee/amd-vendor.ts";
import * as intel from "../attest/tee/intel-vendor.ts";
import { canisterSample, nodeSample } from "../attest/samples.ts";

type Form = amd.ReportForm;
export interface Machine {
  readonly provider: "sev_guest" | "tdx_guest";
  readonly certificates: Uint8Array;
  report(data: Uint8Array): Uint8Array;
}

/** A guest of SEV-SNP on a chip; what its report says otherwise. */
export const guest = (chip: Uint8Array = amd.CHIP, form: Form = {}): Machine => ({
  provider: "sev_guest",
  certificates: amd.certificateTable([amd.VCEK, amd.chipCertificate({ chip }).der]),
  report: (data) => Uint8Array.from(amd.snpReport({ chip_id: chip, ...form, report_data: data })),
});

/** A guest whose host has the key of a cloud in place of a chip's. */
export const cloudGuest: Machine = {
  ...guest(amd.CHIP, { flags: 4 }),
  certificates: amd.certificateTable([amd.VCEK, amd.chipCertificate({ cloud: amd.CLOUD, chip: undefined }).der]),
};

export const tdxGuest: Machine = {
  provider: "tdx_guest",
  certificates: new Uint8Array(),
  report: (data) => Uint8Array.from(intel.tdxQuote({ body: { report_data: Buffer.from(data).toString("hex") } })),
};

/** A machine that answers with a report of before. */
export const replayed: Machine = {
  ...guest(Buffer.alloc(64, 1)),
  report: () => guest(Buffer.alloc(64, 1)).report(new Uint8Array(64)),
};

/** A machine whose report was changed after the chip signed it. */
export const forged: Machine = {
  ...guest(Buffer.alloc(64, 1)),
  report: (data) => {
    const bytes = replayed.report(data);
    bytes.set(data, 0x50);
    return bytes;
  },
};

/** What evidence says, if not rightly. */
export interface Told {
  /** Whose key signs what is sent. */
  readonly by?: MachineNode;
  /** Which machine makes the report. */
  readonly machine?: Machine;
  /** Whose key it is about. */
  readonly about?: MachineNode;
  /** The id of the node that it says it is of. */
  readonly of?: string;
  readonly departures?: number;
  /** Departures in the statement that the report is about, where that is another one. */
  readonly reported?: number;
  /** What is sent in place of the right report. */
  readonly reports?: (one: ReportEvidence) => readonly ReportEvidence[];
}

/** How an enrolment is answered, if not rightly. */
export interface Answered {
  readonly name?: string;
  readonly by?: MachineNode;
  readonly machine?: Machine;
  /** What the report is about, where that is not what is signed. */
  readonly reportedName?: string;
  readonly reportedKey?: Uint8Array;
}

export class MachineNode {
  readonly name: string;
  readonly key: Uint8Array;
  readonly id: string;
  readonly machine: Machine;
  readonly #private: KeyObject;
  /** What the verifier gave it. */
  token = "";

  constructor(name: string, machine: Machine = guest()) {
    this.name = name;
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.key = Uint8Array.from(publicKey.export({ type: "spki", format: "der" }));
    this.#private = privateKey;
    this.id = nodeIdByKey(this.key);
    this.machine = machine;
  }

  get request(): string {
    return writeMachineRequest(this.key);
  }

  sign(statement: Uint8Array): Uint8Array {
    return Uint8Array.from(sign("sha256", statement, this.#private));
  }

  /** The answer to a challenge of an enrolment, under a name. */
  async answer(
    challenge: string,
    { name = this.name, by = this, machine = this.machine, reportedName = name, reportedKey = this.key }: Answered = {},
  ): Promise<string> {
    const told = readMachineChallenge(Buffer.from(challenge));
    const statement = machineStatement(told, name, this.key);
    const { provider, certificates } = machine;
    const reported = machineStatement(told, reportedName, reportedKey);
    const report = machine.report(await reportDataOf(reported, reportedKey));
    return writeMachineAnswer({ node: this.id, provider, report, certificates, proof: by.sign(statement) });
  }

  /** Evidence about one canister, with a report of a machine. */
  async evidence(
    challenge: Uint8Array,
    {
      by = this,
      machine = this.machine,
      about = this,
      of = this.id,
      departures = 0,
      reported = departures,
      reports = (one) => [one],
    }: Told = {},
  ): Promise<Uint8Array> {
    const told = nodeSample({ node: of, made: Date.now() });
    const statement = (count: number) =>
      stateOf(challenge, told, [canisterSample("web", { counters: counters(count) })]);
    const { qualifying, tree } = statement(reported);
    const { provider, certificates } = machine;
    const { key } = about;
    const data = await reportData({ challenge: qualifying, key, aggregate: new Uint8Array(32), contour: tree.root });
    const sent = statement(departures);
    const proof = by.sign(keyStatement(sent.qualifying));
    const own = { provider, report: machine.report(data), certificates, key, proof };
    return writeEvidence(evidenceOf(sent, { registers: [], reports: reports(own) }));
  }

  /** What an SVID for a key is asked for with. */
  async svidOrder(
    challenge: string,
    key: Uint8Array,
    proof: (statement: Uint8Array) => Uint8Array,
    by: MachineNode = this,
  ) {
    const statement = svidStatement(Uint8Array.from(Buffer.from(challenge, "hex")), undefined, key);
    const report = by.machine.report(await reportDataOf(statement, by.key));
    return {
      challenge,
      key: base64(key),
      proof: base64(proof(statement)),
      report: {
        provider: by.machine.provider,
        report: base64(report),
        certificates: base64(by.machine.certificates),
        proof: base64(by.sign(statement)),
      },
    };
  }
}

const counters = (departures: number) => ({
  ...{ events: 100, departures, refused: departures },
  ...{ lost: 0, untrusted: departures },
});

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
