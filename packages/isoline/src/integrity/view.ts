/**
 * The integrity view of one namespace: what IMA does for a machine, with the namespace's own policy, on the events that are
 * mediated (security/integrity/ima/ima_main.c, process_measurement).
 */
import { release } from "node:os";
import type { FileInspector, FileUse, ActingProcess, UsingThread, UsedFile } from "@isoline/linux";
import { algorithmStated } from "./appraise/attribute.ts";
import { Assessor, type Assessed } from "./assess.ts";
import { type AuditRecord, dataRecord, policyLoaded, policyRule, violated } from "./audit/records.ts";
import type { Keyring } from "./appraise/keyring.ts";
import { FileRecords, type FileRecord } from "./file-record.ts";
import { algorithmByName, type HashAlgorithm } from "./hash-algorithms.ts";
import { labelPart } from "./label.ts";
import { bootAggregate } from "./measure/boot-aggregate.ts";
import { DEFAULT_REGISTER, type ListLimits, RunningList } from "./measure/running-list.ts";
import { templateData } from "./measure/template-data.ts";
import { decideBuffer } from "./policy/buffer.ts";
import { type Decision, decide, type Use } from "./policy/decide.ts";
import { access, type Hook, type ImaPolicy, type Rule } from "./policy/rule.ts";
import { assertUpheld } from "./policy/upheld.ts";
import { hashOf } from "./appraise/hash.ts";

/** `enforce` refuses files that are not good, `log` only records them, `fix` writes the file's digest into its attribute. */
export type AppraiseMode = "enforce" | "log" | "fix";

export interface ViewOptions {
  readonly mode: AppraiseMode;
  readonly keys: Keyring;
  /** Template of rules that name none. */
  readonly template: string;
  /** Algorithm of measurements, if a file's attribute names no other. */
  readonly algorithm: HashAlgorithm;
  readonly audit: (record: AuditRecord) => void;
  /** A file could not be measured; returns the errno to refuse its use with, or 0. */
  readonly lost: (reason: string, process: ActingProcess | undefined) => number;
  /** Hooks at which the sensor presents nothing. */
  readonly unshown: ReadonlySet<Hook>;
  /** Whether a process of the namespace holds a file open. */
  readonly holders: (file: UsedFile) => { readonly readers: boolean; readonly writers: boolean };
  /** What the list holds at most; the usual if undefined. */
  readonly listLimits?: ListLimits | undefined;
  /** Further data that the list holds if the policy measures critical data: label, name and bytes. */
  readonly criticalData: readonly (readonly [label: string, name: string, data: () => Buffer])[];
}

const EPERM = 1;
const EACCES = 13;
/** FUSE_SUPER_MAGIC (linux/magic.h). */
const FUSE = 0x6573_5546;

const hooksOf: Readonly<Record<FileUse, readonly Hook[]>> = {
  open: ["FILE_CHECK"],
  exec: ["BPRM_CHECK"],
  credentials: ["CREDS_CHECK"],
  map: ["MMAP_CHECK_REQPROT", "MMAP_CHECK"],
  protect: ["MMAP_CHECK_REQPROT", "MMAP_CHECK"],
  module: ["MODULE_CHECK"],
  "kexec-kernel": ["KEXEC_KERNEL_CHECK"],
  "kexec-initramfs": ["KEXEC_INITRAMFS_CHECK"],
};

/** Hooks at which a file may be read while it is written, or the reverse. */
const raced: ReadonlySet<Hook> = new Set(["FILE_CHECK", "MMAP_CHECK", "MMAP_CHECK_REQPROT"]);

export class IntegrityView implements FileInspector {
  readonly list: RunningList;
  readonly #options: ViewOptions;
  readonly #records = new FileRecords();
  readonly #assessor: Assessor;
  /**
   * A process that created a file since then may still have it open: creation is not inspected. One second for the coarse clock
   * of files.
   */
  readonly #began = Math.floor(Date.now() / 1000 - process.uptime()) - 1;
  #policy: ImaPolicy | undefined;
  #measures = false;
  /** Uses that some rule appraises, and uses of which some rule requires a record. */
  readonly #appraised = new Set<FileUse>();
  readonly #recorded = new Set<FileUse>();
  #denied = 0;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.list = new RunningList(options.listLimits);
    this.#assessor = new Assessor(options, this.list);
    const own = options.template === "ima" ? (algorithmByName("sha1") ?? options.algorithm) : options.algorithm;
    const { digest, algorithm } = bootAggregate(own);
    this.#add(DEFAULT_REGISTER, options.template, Buffer.from("boot_aggregate"), algorithm, digest);
  }

  get active(): boolean {
    return this.#policy !== undefined;
  }

  get mayRefuse(): boolean {
    return this.#options.mode === "enforce" && this.#appraised.size > 0;
  }

  get policy(): ImaPolicy | undefined {
    return this.#policy;
  }

  /** Number of uses that were refused. */
  get denied(): number {
    return this.#denied;
  }

  /** Sets the policy, once: from then on it is sealed. False if there is one already; throws if it cannot be enforced. */
  load(policy: ImaPolicy): boolean {
    if (this.#policy !== undefined) return false;
    assertUpheld(policy, this.#options.unshown);
    this.#policy = policy;
    for (const use of Object.keys(hooksOf) as FileUse[]) {
      if (policy.rules.some((rule) => rule.action === "appraise" && mayBeAbout(rule, use))) this.#appraised.add(use);
      if (ordinary.has(use) && policy.rules.some((rule) => isRecording(rule) && mayBeAbout(rule, use)))
        this.#recorded.add(use);
    }
    this.#measures = policy.rules.some((rule) => rule.action === "measure");
    for (const rule of policy.rules) this.#options.audit(policyRule(rule));
    this.#options.audit(policyLoaded());
    this.#measureBuffers(policy);
    return true;
  }

  inspect(use: FileUse, mask: number, file: UsedFile, thread: UsingThread): number {
    const policy = this.#policy;
    if (policy === undefined) return 0;
    const look = (hook: Hook) =>
      use === "protect"
        ? this.#inspectProtected(policy, hook, mask, file, thread)
        : this.#inspect(policy, hook, mask, file, thread);
    for (const hook of hooksOf[use]) {
      const refused = this.#guarded(thread.process, () => look(hook));
      if (refused !== 0) {
        this.#denied += 1;
        return refused;
      }
    }
    return 0;
  }

  /** The first rule of this kind counts, for every file (ima_update_policy_flags; validate_hash_algo in ima_appraise.c). */
  inspectAttribute(value: Buffer | undefined, file: UsedFile, thread: UsingThread): number {
    const allowed = this.#policy?.rules.find(({ func }) => func === "SETXATTR_CHECK")?.appraise_algos;
    // Without a value the kernel refuses by itself.
    if (allowed === undefined || value?.length === 0) return 0;
    const { name } = (value && algorithmStated(value)) ?? this.#options.algorithm;
    if (value !== undefined && allowed.includes(name)) return 0;
    this.#options.audit(dataRecord("set_data", "denied-hash-algorithm", file, thread, EACCES));
    if (this.#options.mode !== "enforce") return 0;
    this.#denied += 1;
    return EACCES;
  }

  inspectCommandLine(text: Buffer, { process, credentials: { uid, gid } }: UsingThread): number {
    const register =
      this.#policy && decideBuffer(this.#policy, { hook: "KEXEC_CMDLINE", name: "", uid, gid }, DEFAULT_REGISTER);
    if (register === undefined || this.#addBuffer(register, "kexec-cmdline", text)) return 0;
    return this.#options.lost("the measurement list is full", process);
  }

  withoutFile(use: FileUse, thread: UsingThread, how?: "changed" | "gone"): number {
    const isEnforced = this.#options.mode === "enforce";
    // A use that is refused is not missing from the record.
    const isMissed = this.#recorded.has(use) || (ordinary.has(use) && !isEnforced && this.#appraised.has(use));
    const lost = isMissed ? this.#options.lost(missed[how ?? "unfound"], thread.process) : 0;
    if (!isEnforced || !this.#appraised.has(use)) return lost;
    if (use === "protect") return EPERM;
    this.#denied += 1;
    return EACCES;
  }

  /**
   * The content of a file cannot be compared any more once it is mapped, so the mapping may not become executable
   * (ima_file_mprotect).
   */
  #inspectProtected(policy: ImaPolicy, hook: Hook, mask: number, file: UsedFile, thread: UsingThread): number {
    if (decide(policy, this.#useOf(hook, mask, file, thread)).appraise === undefined) return 0;
    this.#options.audit(dataRecord("collect_data", "failed-mprotect", file, thread, EPERM));
    return this.#options.mode === "enforce" ? EPERM : 0;
  }

  #inspect(policy: ImaPolicy, hook: Hook, mask: number, file: UsedFile, thread: UsingThread): number {
    const decision = decide(policy, this.#useOf(hook, mask, file, thread));
    const writes = (mask & access.MAY_WRITE) !== 0;
    const mayRace = this.#measures && raced.has(hook) && (decision.measure !== undefined || writes);
    if (!mayRace && !isAsked(decision)) return 0;
    const record = this.#records.of(file);
    record.update(file.version);
    if (mayRace) this.#watchForRaces(decision, record, file, thread, writes);
    if (!isAsked(decision)) return 0;
    // A file system in user space may return other content the next time.
    const isVerifiable = !policy.failSecurely || file.filesystemMagic() !== FUSE;
    const assessed = this.#assessor.assess(decision, record, file, thread, isVerifiable);
    return this.#answer(assessed, decision, record, writes);
  }

  #useOf(hook: Hook, mask: number, file: UsedFile, thread: UsingThread): Use {
    return {
      hook,
      access: mask,
      credentials: thread.credentials,
      owner: file.uid,
      group: file.gid,
      fsmagic: () => file.filesystemMagic(),
      fsname: () => file.filesystemType(),
      fsuuid: () => file.filesystemUuid(),
      label: (kind) => labelPart(kind, file, thread.tid),
    };
  }

  #answer(assessed: Assessed, decision: Decision, record: FileRecord, writes: boolean): number {
    if (assessed.lost !== 0) return assessed.lost;
    if (decision.appraise === undefined || this.#options.mode !== "enforce") return 0;
    return !assessed.good || (writes && record.signed) ? EACCES : 0;
  }

  /**
   * A file is read while a process may still write it, or written while a process still reads it: the measurement may be of
   * other content.
   */
  #watchForRaces(decision: Decision, record: FileRecord, file: UsedFile, thread: UsingThread, writes: boolean): void {
    if (writes) {
      record.written = true;
      if (!record.read || !this.#options.holders(file).readers) return;
      record.read = false;
      this.#violation("ToMToU", file, thread);
    } else if (decision.measure !== undefined) {
      record.read = true;
      if (!record.written && (record.looked || file.changedAt < this.#began)) return;
      const { writers } = this.#options.holders(file);
      record.looked = true;
      record.written = writers;
      if (writers && !record.openWriters) this.#violation("open_writers", file, thread);
      record.openWriters = writers;
    }
  }

  #violation(cause: "ToMToU" | "open_writers", file: UsedFile, thread: UsingThread): void {
    const { template, algorithm, audit, lost } = this.#options;
    audit(violated(cause, file, thread));
    if (!this.#add(DEFAULT_REGISTER, template, file.path, algorithm, undefined))
      lost("the measurement list is full", thread.process);
  }

  /** An error here must not let a file pass that was to be appraised. */
  #guarded(process: ActingProcess, inspect: () => number): number {
    try {
      return inspect();
    } catch (fault) {
      const why = fault instanceof Error ? fault.message : String(fault);
      const lost = this.#options.lost(`a file could not be inspected (${why})`, process);
      return this.#options.mode === "enforce" ? EACCES : lost;
    }
  }

  /** Keys, and other data that the policy counts as critical, as entries of the template for buffers. */
  #measureBuffers(policy: ImaPolicy): void {
    const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const measure = (hook: "KEY_CHECK" | "CRITICAL_DATA", name: string, event: string, data: () => Buffer) => {
      const register = decideBuffer(policy, { hook, name, ...owner }, DEFAULT_REGISTER);
      if (register !== undefined) this.#addBuffer(register, event, data());
    };
    for (const key of this.#options.keys.all()) measure("KEY_CHECK", ".ima", ".ima", () => key.der);
    // The kernel's own first entry of this kind (security/integrity/ima/ima_init.c).
    measure("CRITICAL_DATA", "kernel_info", "kernel_version", () => Buffer.from(release()));
    for (const [label, name, data] of this.#options.criticalData) measure("CRITICAL_DATA", label, name, data);
  }

  /** A buffer that a caller declares critical; returns the register it was measured into, undefined if no rule says so. */
  measureCriticalData(label: string, event: string, data: Buffer): number | "full" | undefined {
    const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const use = { hook: "CRITICAL_DATA", name: label, ...owner } as const;
    const register = this.#policy && decideBuffer(this.#policy, use, DEFAULT_REGISTER);
    if (register === undefined) return undefined;
    return this.#addBuffer(register, event, data) ? register : "full";
  }

  #addBuffer(register: number, event: string, data: Buffer): boolean {
    const { algorithm } = this.#options;
    return this.#add(register, "ima-buf", Buffer.from(event), algorithm, hashOf(algorithm, data), data);
  }

  #add(
    register: number,
    template: string,
    name: Uint8Array,
    algorithm: HashAlgorithm,
    digest: Buffer | undefined,
    buffer?: Buffer,
  ): boolean {
    const sha1 = () => (algorithm.name === "sha1" ? digest : undefined);
    const data = templateData(template, { name, kind: "ima", algorithm, digest, sha1, buffer });
    return this.list.add(register, template, data, digest === undefined);
  }
}

/** Uses of files by any process. The other hooks belong to the machine, and only rules that name them apply. */
const ordinary: ReadonlySet<FileUse> = new Set(["open", "exec", "credentials", "map"]);

const missed = {
  unfound: "a file could not be found, and was not measured",
  changed: "a file had changed before it could be inspected, and was not measured",
  gone: "a file was removed before it could be inspected, and was not measured",
} as const;

function isRecording({ action }: Rule): boolean {
  return action === "measure" || action === "audit";
}

/** Whether a rule may apply to a use, whatever the file. */
function mayBeAbout({ func }: Rule, use: FileUse): boolean {
  return func === undefined ? ordinary.has(use) || use === "protect" : hooksOf[use].includes(func);
}

function isAsked({ measure, appraise, audit, hash }: Decision): boolean {
  return measure !== undefined || appraise !== undefined || audit || hash;
}
