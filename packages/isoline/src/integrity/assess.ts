/**
 * Assesses one file that a policy has a rule for: its digest is computed, recorded, compared with its attribute, and audited
 * (ima_main.c, process_measurement, from the collecting on).
 */
import type { ActingProcess, UsingThread, UsedFile } from "@isoline/linux";
import { appraise, type Appraisal } from "./appraise/appraise.ts";
import { digestAttribute, isSignatureValue, readImaAttribute } from "./appraise/attribute.ts";
import type { Keyring } from "./appraise/keyring.ts";
import { type ModSignature, readModSignature } from "./appraise/modsig.ts";
import { type AuditRecord, dataRecord, ruleRecord } from "./audit/records.ts";
import type { FileRecord } from "./file-record.ts";
import { algorithmByName, type HashAlgorithm } from "./hash-algorithms.ts";
import { DEFAULT_REGISTER, type RunningList } from "./measure/running-list.ts";
import { type Attribute, evmAttributes, templateData } from "./measure/template-data.ts";
import type { Decision } from "./policy/decide.ts";
import type { Rule } from "./policy/rule.ts";

export interface AssessorOptions {
  readonly mode: "enforce" | "log" | "fix";
  readonly keys: Keyring;
  readonly template: string;
  readonly algorithm: HashAlgorithm;
  readonly audit: (record: AuditRecord) => void;
  readonly lost: (reason: string, process: ActingProcess | undefined) => number;
}

export interface Assessed {
  /** Whether the rule that appraises it found it good; true if none does. */
  readonly good: boolean;
  /** The errno of a loss that refuses the use, or 0. */
  readonly lost: number;
}

/** A file, and the use that is assessed. */
interface Looked {
  readonly decision: Decision;
  readonly record: FileRecord;
  readonly file: UsedFile;
  readonly thread: UsingThread;
  /** `security.ima` as it was read. */
  readonly read: ReturnType<UsedFile["attribute"]>;
  readonly attribute: Buffer | undefined;
  /** The signature appended to it, if the rule that appraises it permits one. */
  readonly appended: () => ModSignature | undefined;
}

/** The result of an assessment. */
interface Collected {
  readonly kind: "ima" | "verity";
  readonly algorithm: HashAlgorithm;
  readonly digest: Buffer;
}

const IMA = "security.ima";
const EVM = "security.evm";
/** EVM_XATTR_PORTABLE_DIGSIG. */
const PORTABLE_SIGNATURE = 0x05;
/** linux/fsverity.h, FS_VERITY_HASH_ALG_. */
const verityAlgorithms: Readonly<Record<number, string>> = { 1: "sha256", 2: "sha512" };
const ENODATA = 61;
const EIO = 5;

export class Assessor {
  readonly #options: AssessorOptions;
  readonly #list: RunningList;

  constructor(options: AssessorOptions, list: RunningList) {
    this.#options = options;
    this.#list = list;
  }

  /** `isVerifiable` is false if the file system is one whose signatures count as wrong. */
  assess(decision: Decision, record: FileRecord, file: UsedFile, thread: UsingThread, isVerifiable: boolean): Assessed {
    const register = decision.measure === undefined ? undefined : (decision.measure.register ?? DEFAULT_REGISTER);
    const measures = register !== undefined && !record.measured.has(register);
    const rule = decision.appraise !== undefined && !record.good.has(decision.appraise) ? decision.appraise : undefined;
    const audits = decision.audit && !record.audited;
    if (decision.hash && !record.hashed) this.#hash(record, file);
    if (!measures && rule === undefined && !audits) return { good: true, lost: 0 };

    const read = file.attribute(IMA);
    const attribute = Buffer.isBuffer(read) ? read : undefined;
    const looked: Looked = { decision, record, file, thread, read, attribute, appended: appendedTo(file, decision) };
    const collected = this.#collect(looked);
    if (typeof collected === "string") return this.#withoutDigest(collected, rule, looked);

    let lost = 0;
    if (measures && register !== undefined) {
      record.measured.add(register);
      if (!this.#measure(register, collected, looked))
        lost = this.#options.lost("the measurement list is full", thread.process);
    }
    const good = rule === undefined || this.#appraise(rule, collected, looked, isVerifiable);
    if (audits) {
      record.audited = true;
      this.#options.audit(ruleRecord(file, collected.algorithm.name, collected.digest, thread));
    }
    return { good, lost };
  }

  #collect({ file, decision, attribute }: Looked): Collected | "no-verity-digest" | "none" | "unknown" {
    if (decision.verity) {
      const measured = file.verity();
      const algorithm = algorithmByName(verityAlgorithms[measured?.algorithm ?? 0] ?? "");
      if (measured === undefined || algorithm?.size !== measured.digest.length) return "no-verity-digest";
      return { kind: "verity", algorithm, digest: Buffer.from(measured.digest) };
    }
    const algorithm = this.#algorithmOf(attribute);
    const digest = file.digest(algorithm.node as string);
    return Buffer.isBuffer(digest) ? { kind: "ima", algorithm, digest } : digest;
  }

  /** The algorithm of an attribute, if this Node has it; otherwise the namespace's own (ima_get_hash_algo). */
  #algorithmOf(attribute: Buffer | undefined): HashAlgorithm {
    const value = attribute === undefined ? undefined : readImaAttribute(attribute);
    const algorithm = value !== undefined && "algorithm" in value ? value.algorithm : undefined;
    return algorithm?.node === undefined ? this.#options.algorithm : algorithm;
  }

  /** Without a digest nothing is recorded, and a file to be appraised is not good. */
  #withoutDigest(
    why: "no-verity-digest" | "none" | "unknown",
    rule: Rule | undefined,
    { file, thread }: Looked,
  ): Assessed {
    const { audit, lost } = this.#options;
    // Files that the kernel generates have no content to be measured, and no attribute.
    if (why === "none") {
      if (rule !== undefined) audit(dataRecord("appraise_data", "unknown", file, thread, 0));
      return { good: rule === undefined, lost: 0 };
    }
    if (why === "no-verity-digest") {
      audit(dataRecord("collect_data", why, file, thread, ENODATA));
      return { good: rule === undefined, lost: 0 };
    }
    audit(dataRecord("collect_data", "failed", file, thread, EIO));
    return { good: rule === undefined, lost: lost(missed[file.missed ?? "unread"], thread.process) };
  }

  #measure(
    register: number,
    { kind, algorithm, digest }: Collected,
    { decision, file, attribute, appended }: Looked,
  ): boolean {
    const template = decision.measure?.template ?? this.#options.template;
    const signature = attribute !== undefined && isSignatureValue(attribute) ? attribute : portableSignature(file);
    const sha1 = () => {
      const found = algorithm.name === "sha1" ? digest : file.digest("sha1");
      return Buffer.isBuffer(found) ? found : undefined;
    };
    const owner = { uid: file.uid, gid: file.gid, mode: file.mode };
    const evm = () => ({ signature: portableSignature(file), attributes: protectedAttributes(file) });
    const data = templateData(template, {
      name: file.path,
      kind,
      algorithm,
      digest,
      sha1,
      signature,
      evm,
      appended,
      ...owner,
    });
    return this.#list.add(register, template, data);
  }

  #appraise(rule: Rule, collected: Collected, looked: Looked, isVerifiable: boolean): boolean {
    const { decision, record, file, thread, read, attribute } = looked;
    // An attribute that cannot be read may have any value; a file system without attributes has none.
    const isUnknown = typeof read === "number" || (read === "unsupported" && looked.appended() === undefined);
    const appraisal: Appraisal = isUnknown
      ? { status: "unknown", cause: "unknown", signed: false }
      : appraise(
          {
            attribute,
            digest: (algorithm) => digestIn(algorithm, collected, file),
            appended: looked.appended,
            verity: decision.verity,
            type: rule.appraise_type,
            algorithms: rule.appraise_algos,
          },
          this.#options.keys,
        );
    record.signed = appraisal.signed;
    if (!isVerifiable) {
      this.#options.audit(dataRecord("appraise_data", "unverifiable-signature", file, thread, 0));
      return false;
    }
    if (appraisal.status === "pass") {
      record.good.add(rule);
      return true;
    }
    const op = appraisal.cause === "denied-hash-algorithm" ? "collect_data" : "appraise_data";
    const fixed = this.#options.mode === "fix" && this.#fix(collected, attribute, file);
    this.#options.audit(dataRecord(op, appraisal.cause ?? "unknown", file, thread, 0));
    return fixed;
  }

  /** Writes the file's digest into its attribute; a signature is never replaced. */
  #fix({ kind, algorithm, digest }: Collected, attribute: Buffer | undefined, file: UsedFile): boolean {
    if (kind !== "ima" || (attribute !== undefined && isSignatureValue(attribute))) return false;
    return file.setAttribute(IMA, digestAttribute(algorithm, digest)) >= 0;
  }

  /** `hash` rules: the digest is written into the attribute, for programs that read it from there. */
  #hash(record: FileRecord, file: UsedFile): void {
    record.hashed = true;
    const read = file.attribute(IMA);
    if (Buffer.isBuffer(read) && isSignatureValue(read)) return;
    const { algorithm } = this.#options;
    const digest = file.digest(algorithm.node as string);
    if (!Buffer.isBuffer(digest)) return;
    const value = digestAttribute(algorithm, digest);
    if (!Buffer.isBuffer(read) || !read.equals(value)) file.setAttribute(IMA, value);
  }
}

const missed = {
  unread: "a file could not be read to be measured",
  changed: "a file had changed before it could be inspected, and was not measured",
  gone: "a file was removed before it could be inspected, and was not measured",
} as const;

/** Modules, and files that kexec loads, are read as a whole. */
const MOST_CONTENT = 256 * 2 ** 20;

/** Searched once, and only if a rule asks (ima_read_modsig). */
function appendedTo(file: UsedFile, { appraise: rule }: Decision): () => ModSignature | undefined {
  let found: { readonly signature: ModSignature | undefined } | undefined;
  return () => {
    if (rule?.appraise_type !== "imasig|modsig") return undefined;
    if (found === undefined) {
      const content = file.content(MOST_CONTENT);
      found = { signature: content && readModSignature(content) };
    }
    return found.signature;
  };
}

function digestIn(algorithm: HashAlgorithm, collected: Collected, file: UsedFile): Buffer | undefined {
  if (algorithm.name === collected.algorithm.name) return collected.digest;
  if (collected.kind === "verity" || algorithm.node === undefined) return undefined;
  const digest = file.digest(algorithm.node);
  return Buffer.isBuffer(digest) ? digest : undefined;
}

function protectedAttributes(file: UsedFile): readonly Attribute[] {
  return evmAttributes.flatMap((name) => {
    const value = file.attribute(name);
    return Buffer.isBuffer(value) ? [{ name, value }] : [];
  });
}

/** EVM's portable signature replaces a missing one of IMA's. */
function portableSignature(file: UsedFile): Buffer | undefined {
  const value = file.attribute(EVM);
  return Buffer.isBuffer(value) && value[0] === PORTABLE_SIGNATURE ? value : undefined;
}
