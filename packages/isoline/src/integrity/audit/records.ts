/** The records that an integrity view makes, with the kernel's fields in the kernel's order. */
import { deviceName, type UsingThread, type UsedFile } from "@isoline/linux";
import type { Rule } from "../policy/rule.ts";
import type { AuditRecord, RecordValue } from "./record.ts";
import { commandOf, taskIdentity, taskInformation } from "./task.ts";

export type { AuditRecord } from "./record.ts";

/** INTEGRITY_RULE: an `audit` rule matched a file (ima_api.c, ima_audit_measurement). */
export function ruleRecord(file: UsedFile, algorithm: string, digest: Buffer, thread: UsingThread): AuditRecord {
  return {
    type: "INTEGRITY_RULE",
    fields: [
      ["file", { untrusted: file.path }],
      ["hash", `"${algorithm}:${digest.toString("hex")}"`],
      ...taskInformation(taskOf(thread)),
    ],
  };
}

/** INTEGRITY_DATA: a file differs from its attribute, or could not be read. */
export function dataRecord(op: string, cause: string, file: UsedFile, thread: UsingThread, errno: number): AuditRecord {
  return { type: "INTEGRITY_DATA", fields: message(op, cause, file, thread, errno) };
}

/** INTEGRITY_PCR: a violation (ima_api.c, ima_add_violation). */
export function violated(cause: string, file: UsedFile, thread: UsingThread): AuditRecord {
  return { type: "INTEGRITY_PCR", fields: message("invalid_pcr", cause, file, thread, 0) };
}

/** INTEGRITY_POLICY_RULE: one rule of a policy that was accepted. */
export function policyRule(rule: Rule): AuditRecord {
  const fields = rule.text.split(" ").flatMap((word): (readonly [string, RecordValue])[] => {
    const [, name, operator, value] = /^([a-z_]+)([=<>])(.*)$/.exec(word) ?? [];
    // The action comes first, and a word without a value is left out (ima_parse_rule).
    if (name === undefined || value === undefined) return [];
    return [[name, operator === "<" || operator === ">" ? { operator, than: value } : value]];
  });
  return { type: "INTEGRITY_POLICY_RULE", fields: [["action", rule.action], ...fields, ["res", 1]] };
}

/** INTEGRITY_STATUS: the policy is in force. */
export function policyLoaded(): AuditRecord {
  return {
    type: "INTEGRITY_STATUS",
    fields: [
      ["pid", process.pid],
      ["uid", process.getuid?.() ?? 0],
      ["op", "policy_update"],
      ["cause", "completed"],
      ["comm", { untrusted: commandOf(process.pid) }],
      ["res", 1],
      ["errno", 0],
    ],
  };
}

/**
 * INTEGRITY_STATUS, with a cause that the kernel does not have: in this place stood a line without its end, which is all that is left of a
 * record.
 */
export function tornRecord(line: Uint8Array): AuditRecord {
  return {
    type: "INTEGRITY_STATUS",
    fields: [
      ["pid", process.pid],
      ["uid", process.getuid?.() ?? 0],
      ["op", "audit_resume"],
      ["cause", "torn_record"],
      ["comm", { untrusted: commandOf(process.pid) }],
      ["torn", { untrusted: line }],
      ["res", 0],
      ["errno", 0],
    ],
  };
}

/** integrity_audit.c, integrity_audit_message. */
function message(op: string, cause: string, file: UsedFile, thread: UsingThread, errno: number): AuditRecord["fields"] {
  return [
    ...taskIdentity(taskOf(thread)),
    ["op", op],
    ["cause", cause],
    ["comm", { untrusted: commandOf(thread.tid) }],
    ["name", { untrusted: file.path }],
    ["dev", { untrusted: Buffer.from(deviceName(file.device) ?? file.filesystemType() ?? "?") }],
    ["ino", file.inode],
    ["res", 0],
    ["errno", errno],
  ];
}

function taskOf({ tid, process: { pid }, credentials }: UsingThread) {
  return { tid, pid, credentials };
}
