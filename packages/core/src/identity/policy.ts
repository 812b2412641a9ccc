/** The policy of a contour: the lens, and the reaction to departures. It is part of the contour by its digest. */
import { type Digest, sha256 } from "../digest.ts";
import { type ClassRule, canonicalRule } from "./classes/rule.ts";
import { type SwitchableRule, switchableRules } from "./rules/table.ts";
import { canonicalTool } from "./tools/parse.ts";
import type { ToolRule } from "./tools/rule.ts";

/** Incremented whenever the same policy would level the same event differently, so that old contours are not misread. */
export const LENS_VERSION = 1;

/** A user's own name for paths: a path that `path` matches (see `glob.ts`) is replaced by `$as`. */
export interface Pseudonym {
  /** Pattern over levelled paths, as a contour shows them. */
  readonly path: string;
  /** Name of the token, without the dollar sign. */
  readonly as: string;
  /** Whether the content of such a file counts when it is read as data and the lens asks for content. */
  readonly content: boolean;
}

export const lensNames = ["default", "exact"] as const;
export const contents = ["executed", "read"] as const;
export const reactions = ["log", "deny", "deny-all", "freeze", "kill"] as const;
export const iouringChoices = ["refuse", "allow"] as const;

export const trustedMitigations = ["store-bypass", "indirect-branch", "l1d-flush", "own-core"] as const;
export const untrustedMitigations = ["own-core", "own-cpus"] as const;

/** What trust costs the processor: docs/mitigations.md. */
export interface MitigationPolicy {
  /** Set before the workload starts, all of them. */
  readonly trusted: readonly (typeof trustedMitigations)[number][];
  /** For a process that lost its trust: the first of these that the machine has. */
  readonly untrusted: readonly (typeof untrustedMitigations)[number][];
  /** Whether a workload is not started where one is missing, and one that fails later makes the run incomplete. */
  readonly required: boolean;
}

/** Everything that a policy file can set, with every default filled in. */
export interface Policy {
  readonly lens: (typeof lensNames)[number];
  /** The files whose content counts: those executed or mapped executable, or every regular file that is read. */
  readonly content: (typeof contents)[number];
  readonly rules: Readonly<Record<SwitchableRule, boolean>>;
  /** The first pseudonym that matches is used. */
  readonly pseudonyms: readonly Pseudonym[];
  /** Classes of names, and directories in which what was found does not count. Reviewed, one by one. */
  readonly classes: readonly ClassRule[];
  /** What is known of the programs of toolchains: see `tools/rule.ts`. */
  readonly tools: readonly ToolRule[];
  /** The reaction to an untrusted process. */
  readonly reaction: (typeof reactions)[number];
  readonly iouring: (typeof iouringChoices)[number];
  readonly mitigations: MitigationPolicy;
}

/** Every rule is on, but for the one that needs lookups to be mediated (docs/decisions/028-hosts-by-name.md). */
const usualRules = Object.fromEntries(switchableRules.map((name) => [name, name !== "host-name"])) as Record<
  SwitchableRule,
  boolean
>;

export const DEFAULT_POLICY: Policy = {
  lens: "default",
  content: "executed",
  rules: usualRules,
  pseudonyms: [],
  classes: [],
  tools: [],
  reaction: "log",
  iouring: "refuse",
  mitigations: { trusted: [], untrusted: [], required: false },
};

/** Counts the content of everything that is read and every number passed to the kernel; levels only what cannot be the same twice. */
export const EXACT_POLICY: Policy = {
  ...DEFAULT_POLICY,
  lens: "exact",
  content: "read",
  rules: { ...usualRules, device: false, "command-text": false },
};

/** The policy of a lens name, or undefined if there is no such lens. */
export function namedPolicy(name: string): Policy | undefined {
  return name === "default" ? DEFAULT_POLICY : name === "exact" ? EXACT_POLICY : undefined;
}

/**
 * One line of JSON, keys in alphabetical order, defaults written out but for lists that are empty: equal policies give equal lines,
 * and `parsePolicy` reads it.
 */
export function canonicalPolicy(policy: Policy): string {
  return JSON.stringify({
    ...(policy.classes.length > 0 && { classes: policy.classes.map(canonicalRule) }),
    content: policy.content,
    iouring: policy.iouring,
    lens: policy.lens,
    ...(hasMitigations(policy) && { mitigations: canonicalMitigations(policy.mitigations) }),
    ...listed(
      "pseudonyms",
      policy.pseudonyms.map(({ as, content, path }) => ({ as, content, path })),
    ),
    reaction: policy.reaction,
    rules: sortedRules(policy),
    ...(policy.tools.length === 0 ? {} : { tools: policy.tools.map(canonicalTool) }),
    version: LENS_VERSION,
  });
}

/** Whether trust decides about anything but verdicts. */
export function hasMitigations({ mitigations: { trusted, untrusted } }: Policy): boolean {
  return trusted.length > 0 || untrusted.length > 0;
}

function canonicalMitigations({ trusted, untrusted, required }: MitigationPolicy) {
  return { required, trusted: trustedMitigations.filter((name) => trusted.includes(name)), untrusted };
}

/** In a contour a list has a line for each element, so that one whose last line was deleted is not there. */
function listed<T>(key: string, elements: readonly T[]): Readonly<Record<string, readonly T[]>> {
  return elements.length === 0 ? {} : { [key]: elements };
}

/** SHA-256 over the canonical line as a contour file has it, with characters outside ASCII as `\uXXXX`. */
export function policyDigest(policy: Policy): Digest {
  const line = canonicalPolicy(policy);
  return sha256(
    Buffer.from(line.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)),
  );
}

/**
 * SHA-256 over the part of a policy that decides the identity of events. Contours whose reactions differ are comparable point
 * by point if this digest is equal.
 */
export function lensDigest(policy: Policy): Digest {
  const { reaction, iouring, mitigations } = DEFAULT_POLICY;
  return policyDigest({ ...policy, reaction, iouring, mitigations });
}

function sortedRules(policy: Policy): Record<string, boolean> {
  return Object.fromEntries([...switchableRules].sort().map((name) => [name, policy.rules[name]]));
}
