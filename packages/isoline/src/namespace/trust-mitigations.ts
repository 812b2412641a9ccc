/**
 * Has trust decide how far a process may share its processor: what the policy names is set before the workload starts, and again
 * from outside on each process that loses its trust.
 */
import { hasMitigations, type MitigationPolicy, type Policy } from "@isoline/core/identity";
import { isInForce, KernelMitigations, LinuxError, type Mitigations, type Outcome } from "@isoline/linux";
import { CliError } from "../error.ts";

/** What became of the mitigations of a run. */
export interface MitigationReport {
  /** What the policy names for the whole workload, and what the kernel did: `set`, `always`, `not-affected`, or its answer. */
  readonly launch: Readonly<Record<string, string>>;
  /** Processes that lost their trust, by what was set on them; `none` counts those for which nothing could be set. */
  readonly untrusted: Readonly<Record<string, number>>;
  /** The kernel's answers where something could not be set, and how often. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Answers that are told apart; more count as one. */
const MOST_ANSWERS = 32;

/** Sets what the policy names on the calling thread. Throws `launch-failed` if one is required and cannot be set. */
export function mitigateLaunch(
  mitigations: Mitigations,
  { trusted, required }: MitigationPolicy,
): MitigationReport["launch"] {
  const outcomes = trusted.map((name) => [name, mitigations.atLaunch(name)] as const);
  const missing = outcomes.find(([, outcome]) => !isInForce(outcome));
  if (required && missing !== undefined)
    throw new LinuxError(
      "launch-failed",
      `the policy requires the mitigation ${missing[0]}, but ${said(missing[1])}; run isoline doctor, or leave it out of the policy`,
    );
  return Object.fromEntries(outcomes.map(([name, outcome]) => [name, said(outcome)]));
}

/** Refuses a policy that requires something for untrusted processes of which this machine has nothing. */
export function assertOffered(mitigations: Mitigations, { untrusted, required }: MitigationPolicy): void {
  if (!required || untrusted.length === 0) return;
  const offers = mitigations.offers().filter(({ name }) => (untrusted as readonly string[]).includes(name));
  if (offers.some(({ works }) => works)) return;
  const why = offers.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
  throw new LinuxError(
    "launch-failed",
    `the policy requires a mitigation for untrusted processes, and this machine has none (${why}); run isoline doctor, or leave it out of the policy`,
  );
}

/** Refuses a policy that has mitigations: they are set with the supervisor's rights, on processors that others use. */
export function assertNoMitigations(policy: Policy): void {
  if (!hasMitigations(policy)) return;
  throw new CliError(
    "agent-refused",
    "expected a contour without mitigations, got one with them; the agent sets none for a namespace that a process begins for itself",
  );
}

/** The mitigations of processes that lost their trust. */
export class UntrustedMitigations {
  readonly #mitigations: Mitigations;
  readonly #policy: MitigationPolicy;
  readonly #untrusted = new Map<string, number>();
  readonly #failures = new Map<string, number>();

  constructor(mitigations: Mitigations, policy: MitigationPolicy) {
    this.#mitigations = mitigations;
    this.#policy = policy;
  }

  /** Those of this machine. Throws `launch-failed` where it has none and the policy requires one. */
  static of(policy: MitigationPolicy): UntrustedMitigations {
    const kernel = new KernelMitigations();
    assertOffered(kernel, policy);
    return new UntrustedMitigations(kernel, policy);
  }

  /** Sets the first mitigation that the machine has. The result says why none is in force though one is required. */
  fell(pid: number, trusted: () => readonly number[]): string | undefined {
    for (const name of this.#policy.untrusted) {
      const outcome = this.#mitigations.atLoss(name, pid, trusted);
      if (outcome.is === "gone") return undefined;
      if (isInForce(outcome)) {
        count(this.#untrusted, name);
        return undefined;
      }
      count(this.#failures, `${name}: ${said(outcome)}`);
    }
    if (this.#policy.untrusted.length === 0) return undefined;
    count(this.#untrusted, "none");
    return this.#policy.required ? "the mitigation that an untrusted process must have could not be set" : undefined;
  }

  report(launch: MitigationReport["launch"]): MitigationReport {
    return { launch, untrusted: Object.fromEntries(this.#untrusted), failures: Object.fromEntries(this.#failures) };
  }

  close(): void {
    this.#mitigations.close();
  }
}

const said = (outcome: Outcome) => (outcome.is === "refused" ? outcome.why : outcome.is);

function count(counts: Map<string, number>, key: string): void {
  const known = counts.has(key) || counts.size < MOST_ANSWERS ? key : "others";
  counts.set(known, (counts.get(known) ?? 0) + 1);
}
