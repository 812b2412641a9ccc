/** Heads of ledgers: within one boot of a node a ledger only grows, and boots only go on, until it is enrolled anew after a revocation. */
import type { SaidOf, Statement } from "../statement/index.ts";
import { beginsAnew, type Finding, short, type Watch } from "./finding.ts";

export class Heads implements Watch {
  readonly #last = new Map<string, { readonly entry: number; readonly head: SaidOf<"head"> }>();

  see(entry: number, statement: Statement): readonly Finding[] {
    this.#last.delete(beginsAnew(statement) ?? "");
    if (statement.kind !== "head") return [];
    const { node } = statement;
    const last = this.#last.get(node);
    this.#last.set(node, { entry, head: statement });
    if (last === undefined) return [];
    return found(entry, statement, last.entry, last.head);
  }
}

function found(entry: number, now: SaidOf<"head">, at: number, before: SaidOf<"head">): readonly Finding[] {
  const node = `node ${short(now.node)}`;
  if (now.boot < before.boot)
    return [
      {
        kind: "head-regressed",
        entry,
        why: `${node} shows the ledger of boot ${now.boot}, and showed that of boot ${before.boot} in entry ${at}: its verifier was set back, or deceived; revoke the node until you know`,
      },
    ];
  if (now.boot > before.boot) return [];
  if (now.bytes < before.bytes)
    return [
      {
        kind: "head-regressed",
        entry,
        why: `${node} shows ${now.bytes} bytes of the ledger of boot ${now.boot}, and showed ${before.bytes} in entry ${at}: its verifier was set back, or deceived; revoke the node until you know`,
      },
    ];
  if (now.bytes > before.bytes || now.digest === before.digest) return [];
  return [
    {
      kind: "head-forked",
      entry,
      why: `${node} has two ledgers of ${now.bytes} bytes for boot ${now.boot}, the other in entry ${at}: it told two stories, distrust it and boot it anew`,
    },
  ];
}
