/**
 * Births of registers: a register is born once, and a number of a ledger is one birth. The numbers begin anew where a node is enrolled
 * anew after a revocation; its registers do not.
 */
import type { Statement } from "../statement/index.ts";
import { beginsAnew, type Finding, short, type Watch } from "./finding.ts";

interface Birth {
  readonly entry: number;
  readonly node: string;
  /** The boot and the record. */
  readonly key: string;
  /** For people. */
  readonly place: string;
}

export class Births implements Watch {
  readonly #byRegister = new Map<string, Birth>();
  /** By node, then by boot and record. */
  readonly #byPlace = new Map<string, Map<string, { readonly entry: number; readonly register: string }>>();

  see(entry: number, statement: Statement): readonly Finding[] {
    this.#byPlace.delete(beginsAnew(statement) ?? "");
    if (statement.kind !== "birth") return [];
    const { node, boot, record, register } = statement;
    const place = `record ${record} of boot ${boot} of node ${short(node)}`;
    const key = `${boot} ${record}`;
    const places = this.#byPlace.get(node) ?? new Map<string, { entry: number; register: string }>();
    const before = this.#byRegister.get(register);
    const there = places.get(key);
    this.#byRegister.set(register, { entry, node, key, place });
    this.#byPlace.set(node, places.set(key, { entry, register }));
    const again = before !== undefined && (before.node !== node || before.key !== key);
    const other = there !== undefined && there.register !== register;
    if (!again && !other) return [];
    const why = other
      ? `${place} is the birth of register ${short(register)}, and was that of ${short(there.register)} in entry ${there.entry}: distrust the node, boot it anew`
      : `register ${short(register)} is born in ${place}, and was born in ${before?.place} in entry ${before?.entry}: distrust the node, its birth key signed twice`;
    return [{ kind: "birth-twice", entry, why }];
  }
}
