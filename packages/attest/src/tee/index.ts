/** Reports of confidential virtual machines: what hardware says of an engine that runs in one. Pure, and fit for a browser. */
export { type CertificateKind, parseCertificateTable, type TableEntry } from "./certificate-table.ts";
export { infoOfKey, nodeIdByKey } from "./node-key.ts";
export { MACHINE_NAME, machineName } from "./machine-name.ts";
export type { Expected, TeeQuestion } from "./policy.ts";
export { REPORT_DATA_BYTES, reportData, type ReportStatement } from "./report-data.ts";
export { amd, type Tcb, type TcbPart, tcbParts } from "./snp-tcb.ts";
export { type SnpEvidence, type SnpPolicy, type SnpProof, verifySnp } from "./snp.ts";
export { parseSnpReport, type SnpReport } from "./snp-report.ts";
export { type TdxEvidence, type TdxPolicy, type TdxProof, verifyTdx } from "./tdx.ts";
export {
  type SignedStatement,
  statementIn,
  type TcbStatus,
  type TdxCollateral,
  tcbStatuses,
} from "./tdx-collateral.ts";
export { parseTdxQuote, type TdxQuote } from "./tdx-quote.ts";
