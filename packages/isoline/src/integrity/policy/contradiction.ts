/** Options that a rule may not combine: security/integrity/ima/ima_policy.c, ima_validate_rule and ima_parse_rule. */
import { type Action, type Conditions, type Hook, matterOf } from "./rule.ts";

export interface Contradiction {
  /** The condition concerned; `action` for the action. */
  readonly about: string;
  readonly why: string;
}

/** The first contradiction in a rule, or undefined. */
export function contradictionIn(action: Action, conditions: Conditions): Contradiction | undefined {
  return outsideItsAction(action, conditions) ?? againstItsHook(action, conditions) ?? amongOptions(action, conditions);
}

/** Options that only one action can have. */
const belongsTo: Readonly<Partial<Record<keyof Conditions, Action>>> = {
  pcr: "measure",
  template: "measure",
  appraise_type: "appraise",
  appraise_flag: "appraise",
  appraise_algos: "appraise",
};

function outsideItsAction(action: Action, conditions: Conditions): Contradiction | undefined {
  for (const [option, owner] of Object.entries(belongsTo)) {
    if (option in conditions && action !== owner)
      return { about: option, why: `${option} is for ${owner} rules, this is ${action}` };
  }
  return undefined;
}

const file = ["mask", "fsmagic", "fsname", "fs_subtype", "fsuuid", "uid", "euid", "gid", "egid", "fowner", "fgroup"];
const options = ["pcr", "template", "appraise_type", "appraise_algos", "permit_directio"];
const labels = ["subj_user", "subj_role", "subj_type", "obj_user", "obj_role", "obj_type"];

/** The options that rules of a hook may have beside `func`. A rule without `func` is treated as one of FILE_CHECK. */
const allowed: Readonly<Record<Hook, readonly string[]>> = {
  FILE_CHECK: [...file, ...options, ...labels, "digest_type"],
  MMAP_CHECK: [...file, ...options, ...labels, "digest_type"],
  MMAP_CHECK_REQPROT: [...file, ...options, ...labels, "digest_type"],
  BPRM_CHECK: [...file, ...options, ...labels, "digest_type"],
  CREDS_CHECK: [...file, ...options, ...labels, "digest_type"],
  FIRMWARE_CHECK: [...file, ...options, ...labels, "digest_type"],
  POLICY_CHECK: [...file, ...options, ...labels, "digest_type"],
  MODULE_CHECK: [...file, ...options, ...labels, "appraise_flag"],
  KEXEC_KERNEL_CHECK: [...file, ...options, ...labels, "appraise_flag"],
  KEXEC_INITRAMFS_CHECK: [...file, ...options, ...labels, "appraise_flag"],
  KEXEC_CMDLINE: [...file.filter((name) => name !== "mask"), "pcr", "template", ...labels],
  KEY_CHECK: ["uid", "gid", "pcr", "template", "keyrings"],
  CRITICAL_DATA: ["uid", "gid", "pcr", "template", "label"],
  SETXATTR_CHECK: ["appraise_algos"],
};

/** Hooks that measure data that is not a file. */
const measureOnly: readonly Hook[] = ["KEXEC_CMDLINE", "KEY_CHECK", "CRITICAL_DATA"];
const modsigHooks: readonly Hook[] = ["MODULE_CHECK", "KEXEC_KERNEL_CHECK", "KEXEC_INITRAMFS_CHECK"];

function againstItsHook(action: Action, conditions: Conditions): Contradiction | undefined {
  const { func } = conditions;
  const what = func === undefined ? "a rule without func" : `func=${func}`;
  const may = allowed[func ?? "FILE_CHECK"];
  for (const name of namesIn(conditions)) {
    if (!may.includes(name)) return { about: name, why: `${what} cannot have ${name}` };
  }
  if (func !== undefined && measureOnly.includes(func) && matterOf(action).matter !== "measure")
    return { about: "func", why: `func=${func} is for measure and dont_measure, this is ${action}` };
  if (func !== "SETXATTR_CHECK") return undefined;
  if (action !== "appraise") return { about: "func", why: `func=SETXATTR_CHECK is for appraise, this is ${action}` };
  return conditions.appraise_algos ? undefined : { about: "func", why: "func=SETXATTR_CHECK needs appraise_algos" };
}

/** All options but `func`, with ids and labels by their own names. */
function namesIn({ ids, labels: named, ...rest }: Conditions): readonly string[] {
  const plain = Object.keys(rest).filter((name) => name !== "func");
  return [...plain, ...Object.keys(ids ?? {}), ...Object.keys(named ?? {})];
}

function amongOptions(action: Action, conditions: Conditions): Contradiction | undefined {
  const { appraise_type: type, digest_type: digest, appraise_flag: flag, func } = conditions;
  if (digest === "verity" && type !== undefined && type !== "sigv3")
    return { about: "appraise_type", why: `with digest_type=verity it is sigv3, not ${type}` };
  if (digest === "verity" && action === "appraise" && type === undefined)
    return { about: "digest_type", why: "appraising by fs-verity needs appraise_type=sigv3" };
  if (type === "imasig|modsig" && (func === undefined || !modsigHooks.includes(func)))
    return { about: "appraise_type", why: `modsig is for ${modsigHooks.join(", ")}` };
  if (flag !== undefined && type !== "imasig|modsig")
    return { about: "appraise_flag", why: "check_blacklist needs appraise_type=imasig|modsig" };
  return undefined;
}
