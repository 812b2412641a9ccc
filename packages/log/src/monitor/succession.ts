/**
 * Whether each verdict goes on from the last one that was stated, whether a revocation ends only with an enrolment anew, and whether
 * nothing is stated of a node whose enrolment was withdrawn, until it is enrolled again. A verifier
 * states a change in the transaction that makes it, with what stood before: who changes its database beside it breaks the succession.
 */
import type { SaidOf, Statement } from "../statement/index.ts";
import { type Finding, short, type Watch } from "./finding.ts";

type Change = SaidOf<"change">;

interface Standing {
  readonly state: Change["to"];
  /** Of the statement that says so. */
  readonly entry: number;
}

interface Known {
  node: Standing | undefined;
  /** The entry that withdrew its enrolment, after which there was none. */
  withdrawn: number | undefined;
  /** By the digest of the label. One that is gone is not kept: a node chooses its labels, others each time if it likes. */
  readonly canisters: Map<string, Standing>;
}

type OfNode = Pick<Statement, "source"> & { readonly node: string };
const keyOf = ({ source, node }: OfNode) => `${source} ${node}`;

export class Succession implements Watch {
  /** By source and node: a log that begins in the middle of a fleet says of none what stood before. */
  readonly #known = new Map<string, Known>();
  /** Whether the statements since the last enrolment anew are changes of one node alone, and of which once there was one. */
  #renewal: { node: string | undefined } | undefined;

  see(entry: number, statement: Statement): readonly Finding[] {
    if (statement.kind !== "change" && statement.kind !== "changes") this.#renewal = undefined;
    switch (statement.kind) {
      case "change":
        return [...this.#ofWithdrawn(entry, statement), ...this.#change(entry, statement, this.#of(statement))];
      case "changes":
        // Those that were not stated one by one may be of any canister.
        this.#of(statement).canisters.clear();
        return this.#ofWithdrawn(entry, statement);
      case "birth":
      case "head":
        return this.#ofWithdrawn(entry, statement);
      case "withdraw-enrolment":
        return this.#withdrawal(entry, this.#of(statement), statement);
      case "enrolment":
        this.#of(statement).withdrawn = undefined;
        if (statement.which === "first") return this.#first(entry, statement, this.#of(statement));
        this.#renewal = { node: undefined };
        return [];
      default:
        return [];
    }
  }

  #of(about: OfNode): Known {
    const key = keyOf(about);
    const known = this.#known.get(key) ?? {
      node: undefined,
      withdrawn: undefined,
      canisters: new Map<string, Standing>(),
    };
    this.#known.set(key, known);
    return known;
  }

  #change(entry: number, change: Change, known: Known): readonly Finding[] {
    const { label, from, to } = change;
    const last = label === undefined ? known.node : known.canisters.get(label);
    const renews = this.#renews(change);
    if (label === undefined) known.node = { state: to, entry };
    else if (to === "unknown") known.canisters.delete(label);
    else known.canisters.set(label, { state: to, entry });
    const goes = `${whose(change)} goes from ${from} to ${to}`;
    if (last !== undefined && last.state !== from)
      return broken(entry, `${goes}, and was ${last.state} by entry ${last.entry}: nothing states how`);
    if (from !== "revoked" || to === "revoked" || renews) return [];
    return broken(entry, `${goes}, and no enrolment anew stands before it`);
  }

  /** Said once of each withdrawal. */
  #ofWithdrawn(entry: number, about: OfNode): readonly Finding[] {
    const known = this.#known.get(keyOf(about));
    if (known?.withdrawn === undefined) return [];
    const what = `something is stated of node ${short(about.node)}, whose enrolment was withdrawn in entry ${known.withdrawn}`;
    known.withdrawn = undefined;
    return broken(entry, `${what}, and no enrolment stands in between`);
  }

  /** Nothing stands of the node and its canisters from then on. A verifier withdraws none that is revoked. */
  #withdrawal(entry: number, known: Known, { node }: SaidOf<"withdraw-enrolment">): readonly Finding[] {
    const [last, before] = [known.node, known.withdrawn];
    known.node = undefined;
    known.canisters.clear();
    known.withdrawn = entry;
    const what = `the enrolment of node ${short(node)} is withdrawn`;
    if (last?.state === "revoked") return broken(entry, `${what}, and it was revoked by entry ${last.entry}`);
    return before === undefined ? [] : broken(entry, `${what}, and was in entry ${before}: none stands in between`);
  }

  /** Whether an enrolment anew stands before this change, with none but changes of this node between them. */
  #renews({ node, to }: Change): boolean {
    if (this.#renewal === undefined) return false;
    this.#renewal.node ??= node;
    return this.#renewal.node === node && to === "unknown";
  }

  /** Of a node that was replaced by another key nothing stands: that key may come again under another name. */
  #first(entry: number, { node }: SaidOf<"enrolment">, known: Known): readonly Finding[] {
    const last = known.node;
    known.node = undefined;
    known.canisters.clear();
    if (last === undefined || last.state === "unknown") return [];
    const was = `and was ${last.state} by entry ${last.entry}`;
    return broken(entry, `node ${short(node)} is enrolled as if it were new, ${was}`);
  }
}

const whose = ({ node, label }: Change) =>
  label === undefined ? `node ${short(node)}` : `canister ${short(label)} of node ${short(node)}`;

function broken(entry: number, what: string): readonly Finding[] {
  const why = `${what}; look who changed the verifier's database, and revoke the node until you know`;
  return [{ kind: "broken-succession", entry, why }];
}
