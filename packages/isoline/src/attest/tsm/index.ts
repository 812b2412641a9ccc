/** What a confidential virtual machine's own kernel gives: reports, and the registers of a TDX guest. */
export { Configfs, type ReportFiles } from "./configfs.ts";
export { machineReport } from "./report.ts";
export { runtimeRegisters } from "./runtime-registers.ts";
