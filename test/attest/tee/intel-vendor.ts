/** A maker of TDX processors that exists only in tests: root, authorities, platforms, statements about them, and quotes. */
import { createHash, sign } from "node:crypto";
import type { TdxCollateral } from "../../../packages/attest/src/tee/index.ts";
import type { Layout } from "../../../packages/attest/src/tee/layout.ts";
import {
  enclaveReportLayout,
  quoteHeaderLayout,
  td10Layout,
  td15Layout,
} from "../../../packages/attest/src/tee/tdx-quote.ts";
import { type ChainTrust, parseCertificate, parseRevocationList } from "../../../packages/attest/src/x509/index.ts";
import {
  type Authority,
  authority,
  type CertificateForm,
  certificate,
  integer,
  type KeyPair,
  octets,
  oid,
  onCurve,
  pem,
  revocationList,
  sequence,
} from "./der-writer.ts";

export const root = authority({ subject: "Synthetic SGX Root CA", pathLength: 1 }, onCurve("P-256"));
export const platformAuthority = authority(
  { subject: "Synthetic SGX PCK Platform CA", serial: 31, pathLength: 0 },
  onCurve("P-256"),
  root,
);
export const strangerRoot = authority({ subject: "Synthetic SGX Root CA", pathLength: 1 }, onCurve("P-256"));
const pckKeys = onCurve("P-256");
const tcbKeys = onCurve("P-256");
export const attestationKeys = onCurve("P-256");

const SGX = "1.2.840.113741.1.13.1";
const AUTHENTICATION = Buffer.from("synthetic quoting enclave, data!");

export interface PlatformForm extends Partial<CertificateForm> {
  readonly components?: readonly number[];
  readonly pceSvn?: number;
  readonly fmspc?: string;
  readonly withoutSgx?: boolean;
}

/** The certificate of a platform, in DER. */
export function pck(form: PlatformForm = {}, issuer: Authority = platformAuthority, keys: KeyPair = pckKeys): Buffer {
  const { components = Array<number>(16).fill(5), pceSvn = 11, fmspc = "b0c06f000000", withoutSgx, ...rest } = form;
  const pair = (arc: string, value: Uint8Array) => sequence(oid(`${SGX}.${arc}`), value);
  const versions = [
    ...components.map((svn, index) => pair(`2.${index + 1}`, integer(svn))),
    pair("2.17", integer(pceSvn)),
  ];
  const said = sequence(
    pair("1", octets(Buffer.alloc(16, 9))),
    pair("2", sequence(...versions, pair("2.18", octets(Buffer.alloc(16, 5))))),
    pair("3", octets(Buffer.alloc(2))),
    pair("4", octets(Buffer.from(fmspc, "hex"))),
  );
  const extensions = withoutSgx === true ? [] : [[SGX, said] as const];
  return certificate({ subject: "Synthetic SGX PCK Certificate", serial: 37, extensions, ...rest }, keys, issuer);
}

export const tcbSigner = (form: Partial<CertificateForm> = {}, issuer: Authority = root) =>
  certificate({ subject: "Intel SGX TCB Signing", serial: 41, ...form }, tcbKeys, issuer);

export const trust: ChainTrust = {
  roots: [parseCertificate(root.der)],
  between: [],
  revocations: [revocationList({}, root), revocationList({}, platformAuthority)].map(parseRevocationList),
  covered: "as given",
};

export const REPORT_DATA = Buffer.alloc(64, 0x7d);
export const MRTD = "4d".repeat(48);

export type FieldValues = Readonly<Record<string, string>>;

/** A structure whose fields are given in hexadecimal. */
function structure(layout: Layout, values: FieldValues): Buffer {
  const bytes = Buffer.alloc(layout.size);
  for (const [field, hex] of Object.entries(values))
    bytes.set(Buffer.from(hex, "hex"), layout.fields.find(({ name }) => name === field)!.offset);
  return bytes;
}

export interface QuoteForm {
  readonly version?: 4 | 5;
  /** Of a version 5 body. */
  readonly bodyType?: 2 | 3;
  readonly header?: FieldValues;
  readonly body?: FieldValues;
  readonly enclave?: FieldValues;
  readonly certificates?: readonly Uint8Array[];
  readonly platformKeys?: KeyPair;
  readonly signingKeys?: KeyPair;
  readonly behind?: Uint8Array;
}

const raw = (bytes: Uint8Array, { privateKey }: KeyPair) =>
  sign("sha256", bytes, { key: privateKey, dsaEncoding: "ieee-p1363" });

function point({ publicKey }: KeyPair): Buffer {
  return publicKey.export({ type: "spki", format: "der" }).subarray(-64);
}

const short = (value: number) => Buffer.from([value & 0xff, value >> 8]);
const long = (value: number) => Buffer.concat([short(value & 0xffff), short(value >>> 16)]);
const sized = (type: number, data: Uint8Array) => Buffer.concat([short(type), long(data.length), data]);

/** What its quoting enclave says of the attestation key: SHA-256 over that and the data beside it. */
export const ATTESTED = createHash("sha256").update(point(attestationKeys)).update(AUTHENTICATION).digest("hex");

/** A quote of a good guest, with some fields changed before it is signed. */
export function tdxQuote(form: QuoteForm = {}): Buffer {
  const { version = 4, bodyType = 3, platformKeys = pckKeys, signingKeys = attestationKeys } = form;
  const header = structure(quoteHeaderLayout, {
    version: `0${version}00`,
    key_type: "0200",
    tee_type: "81000000",
    vendor: "939a7233f79c4ca9940a0db3957f0607",
    ...form.header,
  });
  const layout = version === 5 && bodyType === 3 ? td15Layout : td10Layout;
  const body = structure(layout, {
    tee_tcb_svn: "05010700000000000000000000000000",
    tdattributes: "0000001000000000",
    mrtd: MRTD,
    report_data: REPORT_DATA.toString("hex"),
    ...form.body,
  });
  const announced = version === 5 ? Buffer.concat([short(bodyType), long(body.length)]) : Buffer.alloc(0);
  const signed = Buffer.concat([header, announced, body]);
  const key = point(attestationKeys);
  const enclave = structure(enclaveReportLayout, {
    attributes: "1100000000000000e700000000000000",
    mrsigner: "dc".repeat(32),
    isvprodid: "0200",
    isvsvn: "0400",
    report_data: ATTESTED,
    ...form.enclave,
  });
  const chain = pem(...(form.certificates ?? [pck(), platformAuthority.der, root.der]));
  const certified = Buffer.concat([
    enclave,
    raw(enclave, platformKeys),
    short(AUTHENTICATION.length),
    AUTHENTICATION,
    sized(5, Buffer.from(`${chain}\0`)),
  ]);
  const signature = Buffer.concat([raw(signed, signingKeys), key, sized(6, certified)]);
  return Buffer.concat([signed, long(signature.length), signature, form.behind ?? Buffer.alloc(0)]);
}

const versions = (svn: number) => Array.from({ length: 16 }, () => ({ svn }));
const level = (sgx: number, tdx: number, tcbStatus: string, advisoryIDs: readonly string[] = []) => ({
  tcb: {
    sgxtcbcomponents: versions(sgx),
    pcesvn: 11,
    tdxtcbcomponents: [{ svn: 99 }, { svn: 99 }, { svn: tdx }, ...versions(0).slice(3)],
  },
  tcbDate: "2026-01-01T00:00:00Z",
  tcbStatus,
  advisoryIDs,
});
const nobody = { mrsigner: "00".repeat(48), attributes: "00".repeat(8), attributesMask: "ff".repeat(8) };
const ofModule = (isvsvn: number, tcbStatus: string, advisoryIDs: readonly string[] = []) => ({
  tcb: { isvsvn },
  tcbStatus,
  advisoryIDs,
});
const DATES = { issueDate: "2026-05-20T00:00:00Z", nextUpdate: "2026-06-20T00:00:00Z", tcbEvaluationDataNumber: 20 };

/** What the maker says of its platforms. */
export const tcbInfo = {
  id: "TDX",
  version: 3,
  ...DATES,
  fmspc: "B0C06F000000",
  pceId: "0000",
  tcbType: 0,
  tdxModule: nobody,
  tdxModuleIdentities: [
    { id: "TDX_01", ...nobody, tcbLevels: [ofModule(5, "UpToDate"), ofModule(3, "OutOfDate", ["SYNTH-SA-3"])] },
  ],
  tcbLevels: [
    level(5, 7, "UpToDate"),
    level(4, 6, "SWHardeningNeeded", ["SYNTH-SA-1"]),
    level(1, 1, "Revoked", ["SYNTH-SA-2"]),
  ],
};

/** What the maker says of its quoting enclave. */
export const qeIdentity = {
  id: "TD_QE",
  version: 2,
  ...DATES,
  miscselect: "00000000",
  miscselectMask: "FFFFFFFF",
  attributes: "11000000000000000000000000000000",
  attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
  mrsigner: "DC".repeat(32),
  isvprodid: 2,
  tcbLevels: [ofModule(4, "UpToDate"), ofModule(2, "OutOfDate", ["SYNTH-SA-4"])],
};

/** A statement as the maker's service signs it. */
export function statement(told: object, keys: KeyPair = tcbKeys, issuers = [tcbSigner(), root.der]) {
  const text = JSON.stringify(told);
  return { text, signature: raw(Buffer.from(text), keys).toString("hex"), issuers: pem(...issuers) };
}

export const collateral: TdxCollateral = { tcbInfo: statement(tcbInfo), qeIdentity: statement(qeIdentity) };
