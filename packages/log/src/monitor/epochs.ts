/** Revocation epochs: each is later than the last, so that a result from before a revocation never counts again. */
import type { Statement } from "../statement/index.ts";
import type { Finding, Watch } from "./finding.ts";

export class Epochs implements Watch {
  #last: { readonly entry: number; readonly epoch: number } | undefined;

  see(entry: number, statement: Statement): readonly Finding[] {
    if (statement.kind !== "epoch") return [];
    const { epoch } = statement;
    const last = this.#last;
    this.#last = { entry, epoch };
    if (last === undefined || epoch > last.epoch) return [];
    const why =
      `revocation epoch ${epoch} comes behind epoch ${last.epoch} of entry ${last.entry}: the verifier was set back, and may affirm what ` +
      "was revoked; compare its revoked nodes with the log, and raise its epoch";
    return [{ kind: "epoch-regressed", entry, why }];
  }
}
