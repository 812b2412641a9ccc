/**
 * Audit records of the integrity kind, as the kernel writes them (include/uapi/linux/audit.h;
 * security/integrity/integrity_audit.c and ima/ima_api.c, ima_audit_measurement).
 */
import { escapeBytes } from "@isoline/core/event";

export const recordTypes = {
  INTEGRITY_DATA: 1800,
  INTEGRITY_STATUS: 1802,
  INTEGRITY_PCR: 1804,
  INTEGRITY_RULE: 1805,
  INTEGRITY_POLICY_RULE: 1807,
} as const;
export type RecordType = keyof typeof recordTypes;

/** A value of a record: a number or a word is written as it is; untrusted bytes are quoted, or written in hexadecimal. */
export type RecordValue =
  | number
  | string
  | { readonly untrusted: Uint8Array }
  /** Of a policy's rule: `uid<1000`. */
  | { readonly operator: "<" | ">"; readonly than: string };

export interface AuditRecord {
  readonly type: RecordType;
  /** In the kernel's order. */
  readonly fields: readonly (readonly [name: string, value: RecordValue])[];
}

/** `type=INTEGRITY_RULE msg=audit(1795527735.589:25): file="/usr/bin/true" …`, as auditd writes it. */
export function recordLine(record: AuditRecord, at: Date, serial: number): string {
  const fields = record.fields.map(([name, value]) => name + operatorOf(value) + valueText(value)).join(" ");
  return `type=${record.type} msg=audit(${(at.getTime() / 1000).toFixed(3)}:${serial}): ${fields}\n`;
}

/** One JSON object a line with journald's field names, fit for `systemd-cat` and `journalctl -o json` alike. */
export function recordJson(record: AuditRecord, at: Date, serial: number): string {
  const failed = record.fields.some(([name, value]) => name === "res" && value === 0);
  const fields = record.fields.map(([name, value]) => [`AUDIT_FIELD_${name.toUpperCase()}`, plainText(value)]);
  const object = {
    __REALTIME_TIMESTAMP: String(at.getTime() * 1000),
    SYSLOG_IDENTIFIER: "isoline",
    // syslog(3): 4 is a warning, 6 information.
    PRIORITY: failed ? "4" : "6",
    MESSAGE: recordLine(record, at, serial)
      .trimEnd()
      .replace(/^type=\S+ /, `${record.type} `),
    AUDIT_TYPE: String(recordTypes[record.type]),
    AUDIT_TYPE_NAME: record.type,
    ...Object.fromEntries(fields),
  };
  return `${JSON.stringify(object)}\n`;
}

function operatorOf(value: RecordValue): string {
  return typeof value === "object" && "operator" in value ? value.operator : "=";
}

function plainText(value: RecordValue): string {
  if (typeof value !== "object") return String(value);
  return "untrusted" in value ? escapeBytes(value.untrusted) : value.operator + value.than;
}

/** kernel/audit.c, audit_log_n_untrustedstring: hexadecimal if there is a quote, a space, or what is not printable. */
function valueText(value: RecordValue): string {
  if (typeof value !== "object") return String(value);
  if ("than" in value) return value.than;
  const bytes = Buffer.from(value.untrusted);
  const isPlain = bytes.every((byte) => byte !== 0x22 && byte > 0x20 && byte < 0x7f);
  return isPlain ? `"${bytes.toString("latin1")}"` : bytes.toString("hex").toUpperCase();
}
