/** A maker of SEV-SNP processors that exists only in tests: root, authorities, keys of chips and clouds, and reports. */
import { sign } from "node:crypto";
import { snpReportLayout } from "../../../packages/attest/src/tee/snp-report.ts";
import { type Certificate, type ChainTrust, parseCertificate } from "../../../packages/attest/src/x509/index.ts";
import {
  type Authority,
  authority,
  type CertificateForm,
  certificate,
  ia5,
  integer,
  type KeyPair,
  onCurve,
  rsa,
} from "./der-writer.ts";

export const ark = authority({ subject: "ARK-Synthetic" }, rsa());
export const ask = authority({ subject: "SEV-Synthetic", serial: 11, pathLength: 0 }, rsa(), ark);
/** The same names, made by a stranger. */
export const strangerArk = authority({ subject: "ARK-Synthetic" }, rsa());
export const strangerAsk = authority({ subject: "SEV-Synthetic", pathLength: 0 }, rsa(), strangerArk);
export const chipKeys = onCurve("P-384");

export const CHIP = Buffer.alloc(64, 0xc5);
export const CLOUD = "CN=cloud.example";
/** Boot loader 4, TEE 1, SNP 22, microcode 213, in the order of Milan. */
export const MILAN_TCB = Buffer.from([4, 1, 0, 0, 0, 0, 22, 213]);
/** FMC 2 in front, in the order of Turin. */
export const TURIN_TCB = Buffer.from([2, 4, 1, 22, 0, 0, 0, 213]);

const OID = "1.3.6.1.4.1.3704.1";
const ARCS = { Milan: [1, 2, 4, 5, 6, 7, 3, 8], Turin: [9, 1, 2, 3, 5, 6, 7, 8] };

export interface ChipForm extends Partial<CertificateForm> {
  readonly product?: string;
  readonly tcb?: Buffer;
  readonly chip?: Uint8Array | undefined;
  readonly cloud?: string;
}

/** The certificate of a chip, or of a cloud if `cloud` is given. */
export function chipCertificate(form: ChipForm = {}, keys: KeyPair = chipKeys, issuer: Authority = ask): Certificate {
  const { product = "Milan-B0", tcb = MILAN_TCB, chip = CHIP, cloud, ...rest } = form;
  const arcs = product.startsWith("Turin") ? ARCS.Turin : ARCS.Milan;
  const of = cloud === undefined ? ([`${OID}.4`, chip] as const) : ([`${OID}.5`, ia5(cloud)] as const);
  const extensions = [
    [`${OID}.1`, integer(0)] as const,
    [`${OID}.2`, ia5(product)] as const,
    ...arcs.map((arc, index) => [`${OID}.3.${arc}`, integer(tcb[index] as number)] as const),
    of,
  ];
  const subject = cloud === undefined ? "SEV-VCEK" : "SEV-VLEK";
  return parseCertificate(certificate({ subject, extensions, serial: 23, ...rest }, keys, issuer));
}

export const trust: ChainTrust = {
  roots: [parseCertificate(ark.der)],
  between: [parseCertificate(ask.der)],
  revocations: [],
  covered: "as given",
};

export const REPORT_DATA = Buffer.alloc(64, 0x5d);
export const MEASUREMENT = "3e".repeat(48);

const little = (value: bigint, size: number) =>
  Buffer.from(Array.from({ length: size }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn)));

/** Sets a field of a report. */
function put(report: Buffer, field: string, value: Uint8Array | number | bigint): void {
  const found = snpReportLayout.fields.find(({ name }) => name === field)!;
  report.set(value instanceof Uint8Array ? value : little(BigInt(value), found.size), found.offset);
}

export type ReportForm = Readonly<Record<string, Uint8Array | number | bigint>>;

/** A report of a good guest, with some fields changed before it is signed. */
export function snpReport(changed: ReportForm = {}, keys: KeyPair = chipKeys): Buffer {
  const report = Buffer.alloc(snpReportLayout.size);
  const form: ReportForm = {
    version: 3,
    policy: 0x20000n,
    signature_algo: 1,
    report_data: REPORT_DATA,
    measurement: Buffer.from(MEASUREMENT, "hex"),
    report_id_ma: Buffer.alloc(32, 0xff),
    current_tcb: MILAN_TCB,
    reported_tcb: MILAN_TCB,
    committed_tcb: MILAN_TCB,
    launch_tcb: MILAN_TCB,
    cpuid: Buffer.from([0x19, 1, 1]),
    chip_id: CHIP,
    ...changed,
  };
  for (const [field, value] of Object.entries(form)) put(report, field, value);
  const signature = sign("sha384", report.subarray(0, 0x2a0), { key: keys.privateKey, dsaEncoding: "ieee-p1363" });
  put(report, "signature_r", signature.subarray(0, 48).reverse());
  put(report, "signature_s", signature.subarray(48).reverse());
  return report;
}

/** The kind of a certificate in the table that a host hands to its guests. */
export const VCEK = "63da758de6644564adc5f4b93be8accd";

/** That table: entries of GUID, offset and length, until one that is zero, then the certificates. */
export const certificateTable = (...entries: readonly (readonly [guid: string, der: Uint8Array])[]) => {
  let offset = (entries.length + 1) * 24;
  const heads = entries.map(([guid, { length }]) => {
    const head = Buffer.alloc(24);
    head.write(guid, "hex");
    head.writeUInt32LE(offset, 16);
    head.writeUInt32LE(length, 20);
    offset += length;
    return head;
  });
  return Uint8Array.from(Buffer.concat([...heads, Buffer.alloc(24), ...entries.map(([, der]) => der)]));
};
