/**
 * A verifier's policy: what it accepts of a node and of its canisters. Declarative, versioned, and signed where the verifier
 * trusts signers.
 */
import { AttestError } from "../error.ts";
import { isBegun, isBegunPattern } from "./begun.ts";
import { type Located, located } from "./located.ts";
import { type MachineRules, machineRules } from "./machine-rules.ts";
import { type Signers, signedContent } from "./signed-file.ts";

export type Demand = "required" | "if-there";
export type Severity = "refuse" | "warn";

/** Rules for the canisters whose label matches; `*` stands for any characters. */
export interface CanisterRule {
  readonly label: string;
  readonly modes: readonly ("learning" | "watching" | "enforcing")[];
  readonly sensors: readonly ("seccomp" | "bpf")[];
  /** A register of the TPM that the canister's records are extended into. */
  readonly register: Demand;
  readonly signedContour: boolean;
  /**
   * Contours that are accepted: names in the reference values, or `sha256:` and a digest in hexadecimal. Undefined: any that was published,
   * and none for what a process began for itself.
   */
  readonly contours: ReadonlySet<string> | undefined;
  readonly bound: Demand;
  /** Departures that are accepted. */
  readonly departures: number;
  readonly losses: Severity;
}

/** What must vouch for a node's statements. */
export type Root = "none" | "tpm" | "tee" | "tpm+tee";

export interface Policy {
  readonly name: string;
  readonly version: number;
  readonly root: Root;
  /** Rules for the confidential machine; there where `root` names one. */
  readonly machines: MachineRules | undefined;
  /** The registers of the SHA-256 bank that must be quoted, these and no others. */
  readonly registers: readonly number[];
  /** Names of reference boots; none: any boot, with a warning. */
  readonly boots: readonly string[];
  readonly bootLog: Demand;
  readonly imaList: Demand;
  readonly ledger: Demand;
  readonly builds: "referenced" | "any";
  readonly programs: "referenced" | "any";
  /** Releases, `*` for any characters; none: any. */
  readonly kernels: readonly string[];
  /** Settings that are accepted, by the name of the mitigation. */
  readonly mitigations: ReadonlyMap<string, readonly string[]>;
  /** Seconds by which the node's clock may differ. */
  readonly clockSkew: number;
  readonly losses: Severity;
  /** The first rule that matches a label counts. A canister that none matches is refused. */
  readonly canisters: readonly CanisterRule[];
  /** The register of platform configuration that births are extended into. */
  readonly births: number;
  /** Labels that must be there. */
  readonly required: readonly string[];
  /** Seconds that the result is valid for. */
  readonly validity: number;
}

export const POLICY_TYPE = "application/vnd.isoline.policy+json";

/** What no register of a boot can reset: what is quoted unless a policy says otherwise. */
export const QUOTED_REGISTERS: readonly number[] = Array.from({ length: 16 }, (_, register) => register);

/** Where nodes extend births, unless they are told otherwise. */
const BIRTHS = 13;
/**
 * Those that no program can reset, and that neither firmware (0 to 7) nor the kernel (10) extends. 8 and 9 are in the kernel's
 * boot_aggregate, which a birth there would belie for the rest of the boot.
 */
const FOR_BIRTHS: readonly number[] = [11, 12, 13, 14, 15];

/** Operators of one tenant send policies to be tried, and reading one ends in one go. A file with 4096 contours has a quarter of these. */
const MOST_PIECES = 100_000;
const YEAR = 366 * 24 * 3600;
/** Contours that one rule names. */
const MOST_CONTOURS = 4096;
const NAME = /^[^\p{C}]{1,128}$/u;
/** A digest that was written wrongly is not taken for a name. */
const CONTOUR = /^(?:sha256:[0-9a-f]{64}|(?!sha256:)[^\p{C}]{1,128})$/u;
const modes = ["learning", "watching", "enforcing"] as const;
const sensors = ["seccomp", "bpf"] as const;

/** Reads a policy, in an envelope with signatures or bare. Refuses it with `bad-policy-file`, with line and column. */
export async function readPolicy(bytes: Uint8Array, signers: Signers): Promise<Policy> {
  const top = located(await signedContent(bytes, POLICY_TYPE, signers, "policy"), "policy", MOST_PIECES);
  const members = top.members([
    "policy",
    "name",
    "version",
    "root",
    "tee",
    "registers",
    "births",
    "boots",
    "bootLog",
    "imaList",
    "ledger",
    "builds",
    "programs",
    "kernels",
    "mitigations",
    "clockSkew",
    "losses",
    "canisters",
    "required",
    "validity",
  ]);
  const of = (name: string) => members[name] as Located;
  if (of("policy").number(1) !== 1) throw of("policy").refused("1, the version of this format");
  return {
    name: of("name").text(NAME, "a name"),
    version: of("version").number(Number.MAX_SAFE_INTEGER),
    ...rootOf(of("root"), of("tee")),
    registers: or(of("registers"), QUOTED_REGISTERS, registerNumbers),
    births: or(of("births"), BIRTHS, registerForBirths),
    boots: texts(of("boots")),
    bootLog: demand(of("bootLog"), "if-there"),
    imaList: demand(of("imaList"), "if-there"),
    ledger: demand(of("ledger"), "required"),
    builds: or(of("builds"), "any", (at) => at.word("referenced", "any")),
    programs: or(of("programs"), "any", (at) => at.word("referenced", "any")),
    kernels: texts(of("kernels")),
    mitigations: or(
      of("mitigations"),
      new Map(),
      (at) => new Map(at.entries().map(([name, one]) => [name, texts(one)])),
    ),
    clockSkew: or(of("clockSkew"), 300, (at) => at.number(YEAR)),
    losses: severity(of("losses")),
    canisters: of("canisters").list().map(canisterRule),
    required: texts(of("required")),
    validity: or(of("validity"), 600, (at) => at.number(YEAR)),
  };
}

/** Rules without a root that they are for, and a root without its rules, would be read otherwise than they were meant. */
function rootOf(at: Located, rules: Located): Pick<Policy, "root" | "machines"> {
  const root = or<Root>(at, "tpm", () => at.word("none", "tpm", "tee", "tpm+tee"));
  const isConfidential = root === "tee" || root === "tpm+tee";
  if (isConfidential !== rules.isThere)
    throw rules.refused(isConfidential ? `rules for machines, as root is ${root}` : `none, as root is ${root}`);
  return { root, machines: rules.isThere ? machineRules(rules) : undefined };
}

function canisterRule(at: Located): CanisterRule {
  const names = ["label", "modes", "sensors", "register", "signedContour", "contours", "bound", "departures", "losses"];
  const members = at.members(names);
  const of = (name: string) => members[name] as Located;
  return {
    label: patternIn(of("label")),
    modes: or(of("modes"), ["enforcing"], (one) => one.list().map((mode) => mode.word(...modes))),
    sensors: or<readonly ("seccomp" | "bpf")[]>(of("sensors"), sensors, (one) =>
      one.list().map((sensor) => sensor.word(...sensors)),
    ),
    register: demand(of("register"), "required"),
    signedContour: or(of("signedContour"), false, (one) => one.truth()),
    contours: or<ReadonlySet<string> | undefined>(of("contours"), undefined, contoursIn),
    bound: demand(of("bound"), "if-there"),
    departures: or(of("departures"), 0, (one) => one.number(Number.MAX_SAFE_INTEGER)),
    losses: severity(of("losses")),
  };
}

function patternIn(at: Located): string {
  const pattern = at.text(NAME, "a label");
  if (isBegun(pattern) && !isBegunPattern(pattern)) throw at.refused("begun:*, begun:UID:NAME or begun:*:NAME");
  return pattern;
}

function contoursIn(at: Located): ReadonlySet<string> {
  const named = at.list();
  if (named.length === 0) throw at.refused("at least one contour");
  if (named.length > MOST_CONTOURS) throw at.refused(`at most ${MOST_CONTOURS} contours for one rule`);
  return new Set(named.map((one) => one.text(CONTOUR, "the name of a contour, or sha256: and 64 hexadecimal digits")));
}

function or<T>(at: Located, otherwise: T, read: (at: Located) => T): T {
  return at.isThere ? read(at) : otherwise;
}

const demand = (at: Located, otherwise: Demand): Demand => or(at, otherwise, () => at.word("required", "if-there"));
const severity = (at: Located): Severity => or<Severity>(at, "refuse", () => at.word("refuse", "warn"));
const texts = (at: Located): readonly string[] =>
  or<readonly string[]>(at, [], () => at.list().map((one) => one.text(NAME, "a text")));

function registerNumbers(at: Located): readonly number[] {
  const numbers = at.list().map((one) => one.number(23));
  if (numbers.length === 0 || numbers.some((number, index) => index > 0 && number <= (numbers[index - 1] as number)))
    throw at.refused("numbers of registers, ascending");
  return numbers;
}

function registerForBirths(at: Located): number {
  const number = at.number(23);
  if (!FOR_BIRTHS.includes(number)) throw at.refused(`one of the registers ${FOR_BIRTHS.join(", ")}`);
  return number;
}

/**
 * Whether a rule's pattern is for a label. What a process of a user began for itself is as honest as that process, so only a pattern that
 * begins with `begun:` is for it.
 */
export function isForLabel(pattern: string, label: string): boolean {
  return matches(pattern, label) && (!isBegun(label) || isBegun(pattern));
}

/** Whether a text is of a pattern, in which `*` stands for any characters. */
export function matches(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let left = text.slice(first.length, text.length - last.length);
  for (const part of rest) {
    const at = left.indexOf(part);
    if (at < 0) return false;
    left = left.slice(at + part.length);
  }
  return true;
}

/** Refuses a policy that is older than the one by which evidence was accepted before. */
export function assertNoOlder(
  policy: Policy,
  last: { readonly name: string; readonly version: number } | undefined,
): void {
  if (last?.name === policy.name && policy.version < last.version)
    throw new AttestError(
      "rolled-back",
      `expected version ${last.version} or a later one of policy ${policy.name}, got ${policy.version}; fetch the policy again`,
    );
}
