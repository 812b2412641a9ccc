/** Policies: a verdict stands under one that the log has, and that was not withdrawn. */
import type { Statement } from "../statement/index.ts";
import { type Finding, short, type Watch } from "./finding.ts";

export class Policies implements Watch {
  readonly #logged = new Set<string>();
  /** A policy that is not logged is said once, however many verdicts stand under it. */
  readonly #said = new Set<string>();

  see(entry: number, statement: Statement): readonly Finding[] {
    if (statement.kind === "publish-policy") this.#logged.add(statement.digest);
    if (statement.kind === "withdraw-policy") {
      this.#logged.delete(statement.digest);
      this.#said.delete(statement.digest);
    }
    if (statement.kind === "change")
      return this.#stands(entry, statement, statement.to === "affirming", `is judged ${statement.to}`);
    if (statement.kind === "changes")
      return this.#stands(
        entry,
        statement,
        statement.affirming > 0,
        `has ${statement.count} canisters that are judged`,
      );
    return [];
  }

  /** A verdict that is not good needs no policy: it may say that there is none. */
  #stands(
    entry: number,
    { node, policy }: { readonly node: string; readonly policy: string | undefined },
    isGood: boolean,
    how: string,
  ): readonly Finding[] {
    if (policy === undefined ? !isGood : this.#logged.has(policy)) return [];
    if (this.#said.has(policy ?? "")) return [];
    this.#said.add(policy ?? "");
    const which = policy === undefined ? "without a policy" : `under policy ${short(policy)}, which is not in the log`;
    const why = `node ${short(node)} ${how} ${which}: look which policy the verifier has, and who put it there`;
    return [{ kind: "unlogged-policy", entry, why }];
  }
}
