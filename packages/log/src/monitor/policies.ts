/** Policies: versions only go up, and a verdict stands under one that the log has, that was not withdrawn, and that is the newest. */
import type { SaidOf, Statement } from "../statement/index.ts";
import { type Finding, short, type Watch } from "./finding.ts";

/**
 * So long after a version was published a verdict may stand under the one before it (docs/spec/log-entries.md). Verifiers hear of a version
 * at once, and look for one that they did not hear of every 2 seconds; the rest is for what is being judged, and for clocks that differ.
 */
const SUPERSEDED_MS = 5 * 60_000;
const MINUTE_MS = 60_000;

interface Publication {
  readonly entry: number;
  readonly at: number;
  readonly policy: SaidOf<"publish-policy">;
}

/** A verdict, or so many of them, and the policy that they stand under. */
interface Stands {
  readonly node: string;
  readonly policy: string | undefined;
  readonly at: number;
  readonly isGood: boolean;
  readonly how: string;
}

export class Policies implements Watch {
  readonly #logged = new Set<string>();
  /** By name, what was published last, also when it was withdrawn since. */
  readonly #last = new Map<string, Publication>();
  /** By digest, what took its place. */
  readonly #superseded = new Map<string, Publication>();
  /** A policy that is not logged, or no longer in force, is said once, however many verdicts stand under it. */
  readonly #said = new Set<string>();

  see(entry: number, statement: Statement): readonly Finding[] {
    const { at } = statement;
    if (statement.kind === "publish-policy") return this.#published({ entry, at, policy: statement });
    if (statement.kind === "withdraw-policy") {
      this.#logged.delete(statement.digest);
      this.#said.delete(statement.digest);
    }
    if (statement.kind === "change") {
      const { node, policy, to } = statement;
      return this.#stands(entry, { node, policy, at, isGood: to === "affirming", how: `is judged ${to}` });
    }
    if (statement.kind === "changes") {
      const { node, policy, count, affirming } = statement;
      return this.#stands(entry, {
        node,
        policy,
        at,
        isGood: affirming > 0,
        how: `has ${count} canisters that are judged`,
      });
    }
    return [];
  }

  #published(publication: Publication): readonly Finding[] {
    const { name, digest, version } = publication.policy;
    const last = this.#last.get(name);
    this.#last.set(name, publication);
    this.#logged.add(digest);
    this.#said.delete(digest);
    if (last === undefined || last.policy.digest === digest) return [];
    this.#superseded.set(last.policy.digest, publication);
    this.#superseded.delete(digest);
    if (version > last.policy.version) return [];
    const why =
      `policy ${JSON.stringify(name)} has version ${version}, ${short(digest)}, behind version ${last.policy.version} of entry ` +
      `${last.entry}: the verifier's database was set back, or a policy removed from it; put the newest one with a version above both`;
    return [{ kind: "policy-regressed", entry: publication.entry, why }];
  }

  /** A verdict that is not good needs no policy: it may say that there is none. */
  #stands(entry: number, { node, policy, at, isGood, how }: Stands): readonly Finding[] {
    if (this.#said.has(policy ?? "")) return [];
    const isUnlogged = policy === undefined ? isGood : !this.#logged.has(policy);
    const found = isUnlogged ? unlogged(policy) : this.#overtaken(policy, at);
    if (found === undefined) return [];
    this.#said.add(policy ?? "");
    const why = `node ${short(node)} ${how} ${found.which}: look which policy the verifier has, and who put it there`;
    return [{ kind: found.kind, entry, why }];
  }

  #overtaken(policy: string | undefined, at: number) {
    const successor = policy === undefined ? undefined : this.#superseded.get(policy);
    if (policy === undefined || successor === undefined || at <= successor.at + SUPERSEDED_MS) return undefined;
    const minutes = Math.floor((at - successor.at) / MINUTE_MS);
    const place = `${short(successor.policy.digest)} of entry ${successor.entry} took its place`;
    return {
      kind: "policy-regressed",
      which: `under policy ${short(policy)}, ${minutes} minutes after ${place}`,
    } as const;
  }
}

function unlogged(policy: string | undefined) {
  const which = policy === undefined ? "without a policy" : `under policy ${short(policy)}, which is not in the log`;
  return { kind: "unlogged-policy", which } as const;
}
