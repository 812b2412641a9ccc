/**
 * Decides what a policy requires for one use of a file: the kernel's walk over its rules (ima_policy.c, ima_match_policy and
 * ima_match_rules).
 */
import type { Credentials } from "@isoline/core/event";
import {
  type Hook,
  type IdCondition,
  type IdKind,
  type ImaPolicy,
  type LabelKind,
  type Matter,
  matterOf,
  type Rule,
} from "./rule.ts";

/** A use of a file, as far as rules test it. A value that is expensive is a function, which is called if a rule needs it. */
export interface Use {
  readonly hook: Hook;
  /** MAY_ bits. */
  readonly access: number;
  readonly credentials: Credentials;
  readonly owner: number;
  readonly group: number;
  readonly fsmagic: () => number;
  readonly fsname: () => string | undefined;
  readonly fsuuid: () => string | undefined;
  /** A label of the task or of the file; undefined if no security module sets one. */
  readonly label: (kind: LabelKind) => string | undefined;
}

/** The required actions. */
export interface Decision {
  readonly measure: { readonly register: number | undefined; readonly template: string | undefined } | undefined;
  readonly appraise: Rule | undefined;
  readonly audit: boolean;
  readonly hash: boolean;
  /** Options of any rule that matched, combined as the kernel does. */
  readonly verity: boolean;
  readonly permitDirectIo: boolean;
}

const NOTHING: Decision = {
  measure: undefined,
  appraise: undefined,
  audit: false,
  hash: false,
  verity: false,
  permitDirectIo: false,
};

/** For each action, the first rule that matches decides. */
export function decide(policy: ImaPolicy, use: Use): Decision {
  const open = new Set<Matter>(["measure", "appraise", "audit", "hash"]);
  let decision = NOTHING;
  for (const rule of policy.rules) {
    const { matter, not } = matterOf(rule.action);
    if (!open.has(matter) || !matches(rule, use)) continue;
    open.delete(matter);
    if (not) continue;
    decision = { ...decision, ...doing(rule, matter) };
    if (rule.digest_type === "verity") decision = { ...decision, verity: true };
    if (rule.permit_directio) decision = { ...decision, permitDirectIo: true };
    if (open.size === 0) break;
  }
  return decision;
}

function doing(rule: Rule, matter: Matter): Partial<Decision> {
  switch (matter) {
    case "measure":
      return { measure: { register: rule.pcr, template: rule.template } };
    // A file that is appraised does not also get a new hash.
    case "appraise":
      return { appraise: rule, hash: false };
    case "audit":
      return { audit: true };
    case "hash":
      return { hash: true };
  }
}

const CAP_SETGID = 1n << 6n;
const CAP_SETUID = 1n << 7n;

function matches(rule: Rule, use: Use): boolean {
  const { func, mask, fsmagic, fsname, fsuuid } = rule;
  if (func !== undefined && func !== use.hook) return false;
  if (mask !== undefined && (mask.any ? (mask.bits & use.access) === 0 : mask.bits !== use.access)) return false;
  if (fsmagic !== undefined && fsmagic !== use.fsmagic()) return false;
  if (fsname !== undefined && fsname !== use.fsname()?.split(".")[0]) return false;
  if (rule.fs_subtype !== undefined && rule.fs_subtype !== use.fsname()?.split(".")[1]) return false;
  if (fsuuid !== undefined && fsuuid !== use.fsuuid()) return false;
  for (const [kind, condition] of Object.entries(rule.ids ?? {}) as [IdKind, IdCondition][]) {
    if (!candidates(kind, use).some((id) => compares(id, condition))) return false;
  }
  for (const [kind, label] of Object.entries(rule.labels ?? {}) as [LabelKind, string][]) {
    if (use.label(kind) !== label) return false;
  }
  return true;
}

/** The ids that a condition tests. A task that may set its ids at will is also tested with the ids that it could have had. */
function candidates(kind: IdKind, { credentials: c, owner, group }: Use): readonly number[] {
  switch (kind) {
    case "uid":
      return [c.uid];
    case "euid":
      return (c.capabilities & CAP_SETUID) !== 0n ? [c.euid, c.suid, c.uid] : [c.euid];
    case "gid":
      return [c.gid];
    case "egid":
      return (c.capabilities & CAP_SETGID) !== 0n ? [c.egid, c.sgid, c.gid] : [c.egid];
    case "fowner":
      return [owner];
    case "fgroup":
      return [group];
  }
}

function compares(id: number, { operator, id: wanted }: IdCondition): boolean {
  if (operator === "=") return id === wanted;
  return operator === "<" ? id < wanted : id > wanted;
}
