/** TDX quotes of a synthetic maker: what is accepted, and each reason to refuse. */
import { describe, expect, it } from "vitest";
import { statementIn, type TdxCollateral, type TdxPolicy, verifyTdx } from "../../../packages/attest/src/tee/index.ts";
import { type ChainTrust, parseCertificate, parseRevocationList } from "../../../packages/attest/src/x509/index.ts";
import { authority, onCurve, revocationList } from "./der-writer.ts";
import {
  ATTESTED,
  attestationKeys,
  collateral,
  MRTD,
  pck,
  platformAuthority,
  type QuoteForm,
  qeIdentity,
  REPORT_DATA,
  root,
  statement,
  strangerRoot,
  tcbInfo,
  tcbSigner,
  tdxQuote,
  trust,
} from "./intel-vendor.ts";

const NOW = new Date("2026-06-01T00:00:00Z");
const policy: TdxPolicy = { reportData: REPORT_DATA, measurements: { mrtd: [MRTD] }, statuses: ["UpToDate"] };

interface Attempt {
  readonly quote?: QuoteForm;
  readonly bytes?: Uint8Array;
  readonly collateral?: Partial<TdxCollateral> | "none";
  readonly policy?: Partial<TdxPolicy>;
  readonly trust?: Partial<ChainTrust>;
  readonly now?: Date;
}

const attempt = ({ quote, bytes = tdxQuote(quote), ...rest }: Attempt) =>
  verifyTdx(
    { quote: bytes, collateral: rest.collateral === "none" ? undefined : { ...collateral, ...rest.collateral } },
    { ...policy, ...rest.policy },
    { ...trust, ...rest.trust },
    rest.now ?? NOW,
  );

const strangers = onCurve("P-256");
const stranger = authority({ subject: "Synthetic SGX PCK Platform CA", pathLength: 0 }, strangers, strangerRoot);
const info = (changed: object) => ({ collateral: { tcbInfo: statement({ ...tcbInfo, ...changed }) } });
const identity = (changed: object) => ({ collateral: { qeIdentity: statement({ ...qeIdentity, ...changed }) } });
const platform = (form: Parameters<typeof pck>[0]) => ({
  quote: { certificates: [pck(form), platformAuthority.der, root.der] },
});
const lists = (revokedByRoot: number[], revokedByAuthority: number[]) => ({
  trust: {
    revocations: [
      revocationList({ revoked: revokedByRoot }, root),
      revocationList({ revoked: revokedByAuthority }, platformAuthority),
    ].map(parseRevocationList),
  },
});
const signedBy = (...issuers: Uint8Array[]) => ({
  collateral: {
    tcbInfo: statement(
      tcbInfo,
      undefined,
      issuers.map((each) => Buffer.from(each)),
    ),
  },
});

describe("a quote of TDX that is accepted", () => {
  it.each<[string, QuoteForm]>([
    ["version 4", {}],
    ["version 5 with a body of TDX 1.0", { version: 5, bodyType: 2 }],
    ["version 5 with a body of TDX 1.5", { version: 5, bodyType: 3 }],
    ["zeros behind its end", { behind: Buffer.alloc(70) }],
  ])("has %s", async (_what, quote) => {
    const proof = await attempt({ quote });
    expect(proof).toMatchObject({ is: "tdx", status: "UpToDate", advisories: [], platform: { fmspc: "b0c06f000000" } });
    expect(proof.measurements["mrtd"]).toBe(MRTD);
    expect(proof.until).toStrictEqual(new Date("2026-06-20T00:00:00Z"));
  });

  it("has a platform that needs hardening, where the policy accepts that", async () => {
    const proof = await attempt({
      ...platform({ components: Array<number>(16).fill(4) }),
      policy: { statuses: ["UpToDate", "SWHardeningNeeded"] },
    });
    expect(proof).toMatchObject({ status: "SWHardeningNeeded", advisories: ["SYNTH-SA-1"] });
  });

  it("has an old module and an old quoting enclave, where the policy accepts that", async () => {
    const proof = await attempt({
      quote: { body: { tee_tcb_svn: "03010700000000000000000000000000" }, enclave: { isvsvn: "0200" } },
      policy: { statuses: ["OutOfDate"] },
    });
    expect(proof).toMatchObject({ status: "OutOfDate", advisories: ["SYNTH-SA-3", "SYNTH-SA-4"] });
  });

  it("comes without collateral, where the policy accepts that", async () => {
    const proof = await attempt({ collateral: "none", policy: { statuses: ["Unknown"] } });
    expect(proof.status).toBe("Unknown");
  });

  it("has the first module, whose versions are those of the platform", async () => {
    const quote = { body: { tee_tcb_svn: "63000700000000000000000000000000" } };
    const told = { ...tcbInfo.tcbLevels[0]!.tcb, tdxtcbcomponents: Array.from({ length: 16 }, () => ({ svn: 0 })) };
    const tcbLevels = [{ ...tcbInfo.tcbLevels[0], tcb: told }];
    await expect(attempt({ quote, ...info({ tcbLevels }) })).resolves.toBeDefined();
    await expect(attempt({ quote })).rejects.toThrow("older than any");
  });

  it("is judged by the answers of the maker's service as they come", async () => {
    const { text, signature, issuers } = collateral.tcbInfo;
    const read = statementIn(`{"tcbInfo":${text},"signature":"${signature}"}`, "tcbInfo", issuers);
    await expect(attempt({ collateral: { tcbInfo: read } })).resolves.toBeDefined();
  });
});

describe("a quote of TDX is refused", () => {
  it.each<[why: string, Attempt, said: string]>([
    ["another version", { quote: { header: { version: "0300" } } }, "expected version 4 or 5, got 3"],
    ["another key type", { quote: { header: { key_type: "0300" } } }, "expected key type 2"],
    ["an enclave of SGX", { quote: { header: { tee_type: "00000000" } } }, "expected a quote of TDX"],
    ["the quoting enclave of another vendor", { quote: { header: { vendor: "00".repeat(16) } } }, "of Intel"],
    ["something behind its end", { quote: { behind: Buffer.from([0, 1]) } }, "stands behind its end"],
    ["a debugger", { quote: { body: { tdattributes: "0100001000000000" } } }, "may debug it"],
    ["another bit of the debug group", { quote: { body: { tdattributes: "8000001000000000" } } }, "may debug it"],
    [
      "a quoting enclave that can be debugged",
      { quote: { enclave: { attributes: "1300000000000000e700000000000000" } } },
      "enclave can be debugged",
    ],
    ["another module", { quote: { body: { mrsignerseam: "01" } } }, "is not one of Intel's"],
    ["attributes of its module", { quote: { body: { seamattributes: "01" } } }, "is not one of Intel's"],
    ["another challenge", { policy: { reportData: Buffer.alloc(64) } }, "another challenge"],
    ["another measurement", { quote: { body: { mrtd: "01" } } }, "mrtd: expected 4d4d"],
    ["another kernel", { policy: { measurements: { mrtd: [MRTD], rtmr1: ["aa".repeat(48)] } } }, "rtmr1: expected"],
    ["a policy without a measurement", { policy: { measurements: {} } }, "says nothing about mrtd"],
    ["a signature of another key", { quote: { signingKeys: strangers } }, "not signed by its attestation key"],
    [
      "a quoting enclave that another key signed",
      { quote: { platformKeys: strangers } },
      "quoting enclave is not signed",
    ],
    [
      "an attestation key of another enclave",
      { quote: { enclave: { report_data: "00".repeat(32) } } },
      "did not make its attestation key",
    ],
    [
      "something beside the attestation key",
      { quote: { enclave: { report_data: `${ATTESTED}${"00".repeat(31)}01` } } },
      "did not make its attestation key",
    ],
    ["a certificate that is no platform's", platform({ withoutSgx: true }), "not of a platform"],
    [
      "a platform of a stranger",
      { quote: { certificates: [pck({}, stranger), stranger.der, strangerRoot.der] } },
      "no trusted root",
    ],
    [
      "a stranger's authority below the root",
      { quote: { certificates: [pck({}, stranger), stranger.der, root.der] } },
      "no trusted root",
    ],
    [
      "its certificates in another order",
      { quote: { certificates: [pck(), root.der, platformAuthority.der] } },
      "are not the chain",
    ],
    [
      "one certificate too many",
      { quote: { certificates: [pck(), platformAuthority.der, root.der, root.der] } },
      "are not the chain",
    ],
    ["no root in it", { quote: { certificates: [pck(), platformAuthority.der] } }, "are not the chain"],
    [
      "an authority in place of the platform",
      { quote: { certificates: [platformAuthority.der, root.der] } },
      "not of a platform",
    ],
    ["no trusted root", { trust: { roots: [] } }, "no trusted root"],
    [
      "a platform that ran out",
      platform({ until: new Date("2026-05-01T00:00:00Z") }),
      'PCK Certificate" is valid from',
    ],
    ["a revoked platform", lists([], [37]), 'PCK Certificate" is revoked'],
    ["a revoked authority", lists([31], []), 'Platform CA" is revoked'],
    ["a revoked signer of statements", lists([41], []), 'TCB Signing" is revoked'],
    ["no revocation lists", { trust: { revocations: [] } }, "no revocation list of"],
    [
      "lists that cover the authority only",
      { trust: { revocations: trust.revocations.slice(0, 1) } },
      "no revocation list of",
    ],
    ["no collateral", { collateral: "none" }, "its firmware is Unknown"],
    [
      "a platform that needs hardening",
      platform({ components: Array<number>(16).fill(4) }),
      "its firmware is SWHardeningNeeded (SYNTH-SA-1)",
    ],
    ["one component that is old", platform({ components: [...Array<number>(15).fill(5), 4] }), "SWHardeningNeeded"],
    [
      "old components of TDX",
      { quote: { body: { tee_tcb_svn: "05010600000000000000000000000000" } } },
      "SWHardeningNeeded",
    ],
    [
      "a revoked version, whatever the policy",
      { ...platform({ components: Array<number>(16).fill(1) }), policy: { statuses: ["Revoked"] } },
      "its firmware is Revoked",
    ],
    ["versions older than any", platform({ components: Array<number>(16).fill(0) }), "older than any that Intel lists"],
    ["an old provisioning enclave", platform({ pceSvn: 10 }), "older than any that Intel lists"],
    [
      "an old module",
      { quote: { body: { tee_tcb_svn: "03010700000000000000000000000000" } } },
      "OutOfDate (SYNTH-SA-3)",
    ],
    [
      "a module older than any",
      { quote: { body: { tee_tcb_svn: "02010700000000000000000000000000" } } },
      "version 2 of TDX_01",
    ],
    [
      "an unknown module",
      { quote: { body: { tee_tcb_svn: "05090700000000000000000000000000" } } },
      "lists no TDX module TDX_09",
    ],
    ["an old quoting enclave", { quote: { enclave: { isvsvn: "0300" } } }, "OutOfDate (SYNTH-SA-4)"],
    ["a quoting enclave older than any", { quote: { enclave: { isvsvn: "0100" } } }, "version 1 of TD_QE"],
    [
      "a quoting enclave of another signer",
      { quote: { enclave: { mrsigner: "00" } } },
      "not the one that Intel describes",
    ],
    [
      "another enclave of the same signer",
      { quote: { enclave: { isvprodid: "0100" } } },
      "not the one that Intel describes",
    ],
    [
      "other attributes of the enclave",
      { quote: { enclave: { attributes: "1000" } } },
      "not the one that Intel describes",
    ],
    ["other misc of the enclave", { quote: { enclave: { miscselect: "01" } } }, "not the one that Intel describes"],
    [
      "statements about other platforms",
      platform({ fmspc: "00806f050000" }),
      "the TCB info is for platforms b0c06f000000",
    ],
    ["statements about SGX", info({ id: "SGX" }), "expected TCB info of TDX in version 3, got SGX"],
    ["statements of another version", info({ version: 2 }), "got TDX in version 2"],
    ["the identity of another enclave", identity({ id: "QE" }), "expected the identity TD_QE"],
    ["statements of tomorrow", info({ issueDate: "2026-06-02T00:00:00Z" }), "TCB info is valid from"],
    ["statements that ran out", identity({ nextUpdate: "2026-05-31T00:00:00Z" }), "QE identity is valid from"],
    ["an old evaluation", { policy: { leastEvaluation: 21 } }, "evaluation 20"],
    [
      "a status that is unknown here",
      info({ tcbLevels: [{ ...tcbInfo.tcbLevels[0], tcbStatus: "Splendid" }] }),
      "is Revoked",
    ],
    [
      "too few components in a statement",
      info({
        tcbLevels: [{ ...tcbInfo.tcbLevels[0], tcb: { sgxtcbcomponents: [], tdxtcbcomponents: [], pcesvn: 0 } }],
      }),
      "older than any",
    ],
    ["no levels", info({ tcbLevels: [] }), "older than any"],
    ["a statement that is no object", { collateral: { tcbInfo: statement([]) } }, "expected an object"],
    ["a statement with a text for a number", identity({ isvprodid: "2" }), "expected isvprodid to be a number"],
    [
      "a statement that was changed",
      { collateral: { tcbInfo: { ...collateral.tcbInfo, text: `${collateral.tcbInfo.text} ` } } },
      "not what Intel SGX TCB Signing signed",
    ],
    [
      "a statement without a signature",
      { collateral: { tcbInfo: { ...collateral.tcbInfo, signature: "" } } },
      "not what Intel SGX TCB Signing signed",
    ],
    ["statements in each other's place", { collateral: { tcbInfo: collateral.qeIdentity } }, "got TD_QE in version 2"],
    [
      "statements of a stranger",
      { collateral: { tcbInfo: statement(tcbInfo, strangers) } },
      "not what Intel SGX TCB Signing signed",
    ],
    [
      "statements that a platform signed",
      signedBy(pck(), platformAuthority.der, root.der),
      "to be signed by Intel SGX TCB Signing",
    ],
    ["a signer of a stranger", signedBy(tcbSigner({}, strangerRoot), strangerRoot.der), "no trusted root"],
    [
      "a signer that ran out",
      signedBy(tcbSigner({ until: new Date("2026-05-01T00:00:00Z") }), root.der),
      'TCB Signing" is valid from',
    ],
    [
      "a signer that is an authority",
      signedBy(authority({ subject: "Intel SGX TCB Signing" }, attestationKeys, root).der, root.der),
      "to be signed by",
    ],
  ])("with %s", async (_why, what, said) => {
    await expect(attempt(what)).rejects.toThrow(said);
  });

  it.each([2, 4])("with a body of type %i and another size", async (type) => {
    const bytes = tdxQuote({ version: 5 });
    bytes[48] = type;
    await expect(attempt({ bytes })).rejects.toThrow("expected a body of type 2 (584 bytes) or 3 (648 bytes)");
  });

  it("with the answer of a service that has something else around it", () => {
    const answer = `{"tcbInfo":{},"more":1,"signature":"${"0".repeat(128)}"}`;
    expect(statementIn(answer, "tcbInfo", "").text).toBe('{},"more":1');
    expect(() => statementIn(` ${answer}`, "tcbInfo", "")).toThrow("as Intel's service answers");
  });

  it("with a root of the same name in place of the trusted one", async () => {
    const roots = [parseCertificate(strangerRoot.der)];
    await expect(attempt({ trust: { roots } })).rejects.toThrow("no trusted root");
  });
});
