/** Quotes of Intel TDX, versions 4 and 5, signed with ECDSA on P-256. */
import { type Certificate, parseCertificates } from "../x509/index.ts";
import { Fields, type Layout, numberIn, PieceReader } from "./layout.ts";
import { badReport } from "./refusal.ts";

const LIBRARY = "Intel TDX DCAP Quoting Library API, appendix 3";

export const quoteHeaderLayout: Layout = {
  name: "TDX quote header",
  source: LIBRARY,
  size: 48,
  fields: [
    { name: "version", offset: 0, size: 2, meaning: "4 or 5" },
    { name: "key_type", offset: 2, size: 2, meaning: "2: ECDSA on P-256 with SHA-256" },
    { name: "tee_type", offset: 4, size: 4, meaning: "0x81: TDX" },
    { name: "reserved", offset: 8, size: 4, meaning: "not read" },
    {
      name: "vendor",
      offset: 12,
      size: 16,
      meaning: "the quoting enclave's: 939a7233f79c4ca9940a0db3957f0607 for Intel's",
    },
    { name: "user_data", offset: 28, size: 20, meaning: "not read" },
  ],
};

const td10 = [
  {
    name: "tee_tcb_svn",
    offset: 0,
    size: 16,
    meaning: "versions of TDX; byte 0 the module's, byte 1 its major version",
  },
  { name: "mrseam", offset: 16, size: 48, meaning: "digest of the TDX module" },
  { name: "mrsignerseam", offset: 64, size: 48, meaning: "who signed the module; zero for Intel" },
  { name: "seamattributes", offset: 112, size: 8, meaning: "zero" },
  { name: "tdattributes", offset: 120, size: 8, meaning: "bits 0–7 debug, bit 28 no #VE, bit 30 protection keys" },
  { name: "xfam", offset: 128, size: 8, meaning: "extended features of the processor" },
  { name: "mrtd", offset: 136, size: 48, meaning: "digest of what was launched" },
  { name: "mrconfigid", offset: 184, size: 48, meaning: "the host's, fixed at launch" },
  { name: "mrowner", offset: 232, size: 48, meaning: "the host's, fixed at launch" },
  { name: "mrownerconfig", offset: 280, size: 48, meaning: "the host's, fixed at launch" },
  { name: "rtmr0", offset: 328, size: 48, meaning: "runtime register: firmware's settings" },
  { name: "rtmr1", offset: 376, size: 48, meaning: "runtime register: boot loader and kernel" },
  { name: "rtmr2", offset: 424, size: 48, meaning: "runtime register: command line and initramfs" },
  { name: "rtmr3", offset: 472, size: 48, meaning: "runtime register: free for software" },
  { name: "report_data", offset: 520, size: 64, meaning: "the guest's own, see below" },
];

export const td10Layout: Layout = { name: "TD report 1.0", source: LIBRARY, size: 584, fields: td10 };

export const td15Layout: Layout = {
  name: "TD report 1.5",
  source: LIBRARY,
  size: 648,
  fields: [
    ...td10,
    { name: "tee_tcb_svn2", offset: 584, size: 16, meaning: "versions that an update while running reached" },
    { name: "mrservicetd", offset: 600, size: 48, meaning: "digest of service guests, such as one that migrates" },
  ],
};

export const enclaveReportLayout: Layout = {
  name: "report of the quoting enclave",
  source: "Intel Software Developer's Manual, volume 3D, table 38-21, REPORT without its key and MAC",
  size: 384,
  fields: [
    { name: "cpusvn", offset: 0, size: 16, meaning: "not read" },
    { name: "miscselect", offset: 16, size: 4, meaning: "compared under the mask of the QE identity" },
    { name: "attributes", offset: 48, size: 16, meaning: "bit 1 debug; compared under the mask of the QE identity" },
    { name: "mrenclave", offset: 64, size: 32, meaning: "not read" },
    { name: "mrsigner", offset: 128, size: 32, meaning: "compared with the QE identity" },
    { name: "isvprodid", offset: 256, size: 2, meaning: "compared with the QE identity" },
    { name: "isvsvn", offset: 258, size: 2, meaning: "looked up in the levels of the QE identity" },
    {
      name: "report_data",
      offset: 320,
      size: 64,
      meaning: "SHA-256(attestation key ‖ QE authentication data) ‖ 32 zero bytes",
    },
  ],
};

const TDX = 0x81;
const ECDSA_P256 = 2;
const INTEL = "939a7233f79c4ca9940a0db3957f0607";
const SIGNATURE = 64;
const KEY = 64;
/** Types of certification data: the report of the quoting enclave, and inside it a chain in PEM. */
const QE_REPORT = 6;
const PCK_CHAIN = 5;
/** configfs-tsm gives at most 32 KiB. */
const MOST_BYTES = 32 * 1024;
/** Types of bodies in version 5. */
const BODIES: Readonly<Record<number, Layout>> = { 2: td10Layout, 3: td15Layout };

export interface TdxQuote {
  readonly version: number;
  readonly body: Fields;
  readonly reportData: Uint8Array;
  /** Header and body. */
  readonly signed: Uint8Array;
  /** r ‖ s, big-endian, by the attestation key. */
  readonly signature: Uint8Array;
  /** The attestation key: x ‖ y, big-endian. */
  readonly key: Uint8Array;
  readonly enclave: Fields;
  /** r ‖ s over the enclave's report, by the PCK. */
  readonly enclaveSignature: Uint8Array;
  /** Data that the enclave bound to its key. */
  readonly authentication: Uint8Array;
  /** The certificates as the quote has them: the PCK's first. */
  readonly certificates: readonly Certificate[];
}

/** Reads a quote; nothing of it is to be believed before its signatures were checked. Throws `bad-tee-report` or `bad-certificate`. */
export function parseTdxQuote(bytes: Uint8Array): TdxQuote {
  if (bytes.length > MOST_BYTES) throw badReport(`expected at most ${MOST_BYTES} bytes, got ${bytes.length}`);
  const reader = new PieceReader(bytes);
  const version = headerIn(new Fields(quoteHeaderLayout, reader.take(quoteHeaderLayout.size, "header")));
  const layout = version === 5 ? announcedBody(reader) : td10Layout;
  const body = new Fields(layout, reader.take(layout.size, "body"));
  const signed = bytes.subarray(0, reader.position);
  const data = new PieceReader(reader.take(reader.number(4, "length of the signature"), "signature"));
  // The kernel may give the whole buffer that the host filled, whose end is zero.
  if (reader.rest().some((byte) => byte !== 0)) throw badReport("something that is not zero stands behind its end");
  return { version, body, reportData: body.at("report_data"), signed, ...signatureIn(data) };
}

function headerIn(header: Fields): number {
  const version = header.number("version");
  if (version !== 4 && version !== 5) throw badReport(`expected version 4 or 5, got ${version}`);
  if (header.number("tee_type") !== TDX)
    throw badReport(`expected a quote of TDX (0x81), got one of 0x${header.number("tee_type").toString(16)}`);
  if (header.number("key_type") !== ECDSA_P256)
    throw badReport(`expected key type 2, got ${header.number("key_type")}`);
  if (header.hex("vendor") !== INTEL)
    throw badReport(`expected the quoting enclave of Intel, got ${header.hex("vendor")}`);
  return version;
}

/** Version 5 says in front of its body what it is, and how long. */
function announcedBody(reader: PieceReader): Layout {
  const type = reader.number(2, "type of the body");
  const size = reader.number(4, "size of the body");
  const layout = BODIES[type];
  if (layout === undefined || layout.size !== size)
    throw badReport(`expected a body of type 2 (584 bytes) or 3 (648 bytes), got type ${type} of ${size} bytes`);
  return layout;
}

function signatureIn(data: PieceReader) {
  const signature = data.take(SIGNATURE, "signature");
  const key = data.take(KEY, "attestation key");
  const certified = new PieceReader(certification(data, QE_REPORT));
  assertEnd(data);
  const enclave = new Fields(
    enclaveReportLayout,
    certified.take(enclaveReportLayout.size, "report of the quoting enclave"),
  );
  const enclaveSignature = certified.take(SIGNATURE, "signature of the quoting enclave's report");
  const authentication = certified.take(certified.number(2, "QE authentication data"), "QE authentication data");
  const pem = certification(certified, PCK_CHAIN);
  assertEnd(certified);
  const certificates = parseCertificates(new TextDecoder().decode(pem));
  return { signature, key, enclave, enclaveSignature, authentication, certificates };
}

function certification(reader: PieceReader, expected: number): Uint8Array {
  const type = numberIn(reader.take(2, "type of certification data"));
  if (type !== expected) throw badReport(`expected certification data of type ${expected}, got ${type}`);
  return reader.take(reader.number(4, "certification data"), "certification data");
}

function assertEnd(reader: PieceReader): void {
  const { length } = reader.rest();
  if (length > 0) throw badReport(`expected nothing behind its certification data, got ${length} bytes`);
}
