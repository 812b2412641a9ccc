/** A rule of an IMA policy and its options (Documentation/ABI/testing/ima_policy; security/integrity/ima/ima_policy.c). */

export const actions = [
  "measure",
  "dont_measure",
  "appraise",
  "dont_appraise",
  "audit",
  "dont_audit",
  "hash",
  "dont_hash",
] as const;
export type Action = (typeof actions)[number];

/** The subject of a pair of actions; for each, the first rule that matches decides. */
export type Matter = "measure" | "appraise" | "audit" | "hash";

export const hooks = [
  "FILE_CHECK",
  "MMAP_CHECK",
  "MMAP_CHECK_REQPROT",
  "BPRM_CHECK",
  "CREDS_CHECK",
  "MODULE_CHECK",
  "FIRMWARE_CHECK",
  "KEXEC_KERNEL_CHECK",
  "KEXEC_INITRAMFS_CHECK",
  "POLICY_CHECK",
  "KEXEC_CMDLINE",
  "KEY_CHECK",
  "CRITICAL_DATA",
  "SETXATTR_CHECK",
] as const;
export type Hook = (typeof hooks)[number];

/** Older names that the kernel still accepts. */
export const oldHooks: Readonly<Record<string, Hook>> = { PATH_CHECK: "FILE_CHECK", FILE_MMAP: "MMAP_CHECK" };

/** Bits of an access (include/linux/fs.h). */
export const access = { MAY_EXEC: 1, MAY_WRITE: 2, MAY_READ: 4, MAY_APPEND: 8 } as const;
export type AccessName = keyof typeof access;

export const labelKinds = ["subj_user", "subj_role", "subj_type", "obj_user", "obj_role", "obj_type"] as const;
export type LabelKind = (typeof labelKinds)[number];

export type Operator = "=" | "<" | ">";
export interface IdCondition {
  readonly operator: Operator;
  readonly id: number;
}

export const idKinds = ["uid", "euid", "gid", "egid", "fowner", "fgroup"] as const;
export type IdKind = (typeof idKinds)[number];

export const appraiseTypes = ["imasig", "imasig|modsig", "sigv3"] as const;
export type AppraiseType = (typeof appraiseTypes)[number];

/** All options of a rule; an absent one is not tested. */
export interface Conditions {
  readonly func?: Hook;
  /** `mask=^MAY_READ` matches any access that has the bit, `mask=MAY_READ` only exactly that access. */
  readonly mask?: { readonly bits: number; readonly any: boolean };
  readonly fsmagic?: number;
  readonly fsname?: string;
  readonly fs_subtype?: string;
  /** Lower case, with dashes. */
  readonly fsuuid?: string;
  readonly ids?: Readonly<Partial<Record<IdKind, IdCondition>>>;
  readonly labels?: Readonly<Partial<Record<LabelKind, string>>>;
  readonly template?: string;
  /** The register to extend. */
  readonly pcr?: number;
  readonly digest_type?: "verity";
  readonly appraise_type?: AppraiseType;
  readonly appraise_flag?: "check_blacklist";
  /** Algorithms by the kernel's names. */
  readonly appraise_algos?: readonly string[];
  readonly permit_directio?: true;
  readonly keyrings?: readonly string[];
  readonly label?: readonly string[];
}

export interface Rule extends Conditions {
  readonly action: Action;
  /** Its line in the file, from 1; 0 for a built-in rule. */
  readonly line: number;
  /** The text, without surplus blanks. */
  readonly text: string;
}

export interface ImaPolicy {
  readonly rules: readonly Rule[];
  /** `fail_securely`: a signature that cannot be checked counts as wrong. */
  readonly failSecurely: boolean;
}

/** The subject of an action, and whether it is a `dont_`. */
export function matterOf(action: Action): { readonly matter: Matter; readonly not: boolean } {
  const not = action.startsWith("dont_");
  return { matter: (not ? action.slice("dont_".length) : action) as Matter, not };
}
