/** The kernel's built-in policies, by the names of its `ima_policy=` parameter (ima_policy.c, policy_setup and ima_init_policy). */
import { parseImaPolicy } from "./parse.ts";
import type { ImaPolicy, Rule } from "./rule.ts";

/** Pseudo file systems that are neither measured nor appraised: magics from linux/magic.h. */
const PSEUDO = [
  "0x9fa0", // proc
  "0x62656572", // sysfs
  "0x64626720", // debugfs
  "0x01021994", // tmpfs
  "0x1cd1", // devpts
  "0x42494e4d", // binfmt_misc
  "0x73636673", // securityfs
  "0xf97cff8c", // selinuxfs
  "0x43415d53", // smackfs
  "0x27e0eb", // cgroup
  "0x63677270", // cgroup2
  "0x6e736673", // nsfs
  "0xde5e81e4", // efivarfs
];
const RAMFS = "0x858458f6";

const texts = {
  tcb: [
    ...PSEUDO.map((magic) => `dont_measure fsmagic=${magic}`),
    "measure func=MMAP_CHECK mask=MAY_EXEC",
    "measure func=BPRM_CHECK mask=MAY_EXEC",
    "measure func=FILE_CHECK mask=^MAY_READ euid=0",
    "measure func=FILE_CHECK mask=^MAY_READ uid=0",
    "measure func=MODULE_CHECK",
    "measure func=FIRMWARE_CHECK",
    "measure func=POLICY_CHECK",
  ],
  secure_boot: [
    "appraise func=MODULE_CHECK appraise_type=imasig",
    "appraise func=FIRMWARE_CHECK appraise_type=imasig",
    "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig",
    "appraise func=POLICY_CHECK appraise_type=imasig",
  ],
  appraise_tcb: [...PSEUDO, RAMFS].map((magic) => `dont_appraise fsmagic=${magic}`).concat("appraise fowner=0"),
  critical_data: ["measure func=CRITICAL_DATA"],
} as const;

/** In the order in which the kernel combines them, whatever the order of the names. */
const order = Object.keys(texts) as (keyof typeof texts)[];

export const builtInNames = [...order, "fail_securely"];

/** The policy of names with `|` between them, as in `tcb|appraise_tcb`; undefined for any other text. */
export function builtInPolicy(text: string): ImaPolicy | undefined {
  const names = text.split("|");
  if (!names.every((name) => builtInNames.includes(name))) return undefined;
  const rules = order.filter((name) => names.includes(name)).flatMap((name) => rulesOf(name));
  return { rules, failSecurely: names.includes("fail_securely") };
}

function rulesOf(name: keyof typeof texts): readonly Rule[] {
  return parseImaPolicy(texts[name].join("\n")).rules.map((rule) => ({ ...rule, line: 0 }));
}
