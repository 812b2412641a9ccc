/** The fields about a task in an audit record, read from /proc while the task waits. */
import { readFileSync, readlinkSync } from "node:fs";
import type { Credentials } from "@isoline/core/event";
import type { RecordValue } from "./record.ts";

type Fields = readonly (readonly [string, RecordValue])[];

interface Task {
  readonly pid: number;
  readonly tid: number;
  readonly credentials: Credentials;
}

/** `ppid … subj`, in the form of audit_log_task_info (kernel/audit.c). */
export function taskInformation({ pid, tid, credentials: c }: Task): Fields {
  const stat = statFields(pid);
  return [
    ["ppid", Number(stat[1] ?? 0)],
    ["pid", tid],
    ["auid", word(`/proc/${tid}/loginuid`) ?? UNSET],
    ["uid", c.uid],
    ["gid", c.gid],
    ["euid", c.euid],
    ["suid", c.suid],
    ["fsuid", c.fsuid],
    ["egid", c.egid],
    ["sgid", c.sgid],
    ["fsgid", c.fsgid],
    ["tty", terminal(Number(stat[4] ?? 0))],
    ["ses", word(`/proc/${tid}/sessionid`) ?? UNSET],
    ["comm", { untrusted: commandOf(tid) }],
    ["exe", { untrusted: executableOf(pid) }],
    ["subj", labelOf(tid)],
  ];
}

/** `pid uid auid ses subj`, with which integrity_audit_message begins. */
export function taskIdentity({ tid, credentials }: Task): Fields {
  return [
    ["pid", tid],
    ["uid", credentials.uid],
    ["auid", word(`/proc/${tid}/loginuid`) ?? UNSET],
    ["ses", word(`/proc/${tid}/sessionid`) ?? UNSET],
    ["subj", labelOf(tid)],
  ];
}

export function commandOf(tid: number): Buffer {
  return read(`/proc/${tid}/comm`)?.subarray(0, -1) ?? Buffer.from("?");
}

/** No login, no session: AUDIT_UID_UNSET. */
const UNSET = "4294967295";

/** The label that a security module gives a task, without the mode that AppArmor adds; `unconfined` if none does. */
export function labelOf(tid: number): string {
  const text = read(`/proc/${tid}/attr/current`)
    ?.toString("latin1")
    .replace(/[\0\n]+$/, "");
  return text === undefined || text === ""
    ? "unconfined"
    : text.replace(/ \((enforce|complain|kill|unconfined|mixed|prompt|user)\)$/, "");
}

function executableOf(pid: number): Buffer {
  try {
    return readlinkSync(`/proc/${pid}/exe`, "buffer");
  } catch {
    return Buffer.from("?");
  }
}

/** UNIX98 terminals have majors 136 to 143 (Documentation/admin-guide/devices.txt). */
function terminal(device: number): string {
  if (device === 0) return "(none)";
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return major >= 136 && major <= 143 ? `pts${minor + (major - 136) * 256}` : `tty${minor}`;
}

/** `/proc/PID/stat` after the name: state, ppid, pgrp, session, tty_nr … */
function statFields(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`)?.toString("latin1") ?? "";
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function word(path: string): string | undefined {
  const text = read(path)?.toString("latin1").trim();
  return text !== undefined && /^\d+$/.test(text) ? text : undefined;
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
