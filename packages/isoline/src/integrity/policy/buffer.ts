/** Decides whether a policy measures data that is not a file (ima_policy.c, ima_match_rule_data). */
import { type ImaPolicy, matterOf } from "./rule.ts";

export interface BufferUse {
  readonly hook: "KEY_CHECK" | "CRITICAL_DATA" | "KEXEC_CMDLINE";
  /** The keyring of a key, or the label of critical data. */
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The register to measure into; undefined if the first rule that matches forbids it, or none matches. */
export function decideBuffer(policy: ImaPolicy, use: BufferUse, usual: number): number | undefined {
  for (const rule of policy.rules) {
    const { matter, not } = matterOf(rule.action);
    if (matter !== "measure" || rule.func !== use.hook) continue;
    if (rule.keyrings && !rule.keyrings.includes(use.name)) continue;
    if (rule.label && !rule.label.includes(use.name)) continue;
    const { uid, gid } = rule.ids ?? {};
    if (uid && !fits(use.uid, uid.operator, uid.id)) continue;
    if (gid && !fits(use.gid, gid.operator, gid.id)) continue;
    return not ? undefined : (rule.pcr ?? usual);
  }
  return undefined;
}

function fits(id: number, operator: "=" | "<" | ">", wanted: number): boolean {
  return operator === "=" ? id === wanted : operator === "<" ? id < wanted : id > wanted;
}
