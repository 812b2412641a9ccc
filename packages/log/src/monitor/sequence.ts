/** The numbers of statements: each source counts from 1, without a gap, and a log has one source. */
import type { Statement } from "../statement/index.ts";
import { type Finding, short, type Watch } from "./finding.ts";

export class Sequence implements Watch {
  readonly #next = new Map<string, number>();

  see(entry: number, { source, number }: Statement): readonly Finding[] {
    const expected = this.#next.get(source) ?? 1;
    const isSecond = this.#next.size > 0 && !this.#next.has(source);
    this.#next.set(source, Math.max(expected, number + 1));
    const findings: Finding[] = [];
    if (isSecond)
      findings.push({
        kind: "second-source",
        entry,
        why: `source ${short(source)} begins to write into the log of another one: look whether the verifier's database was begun anew`,
      });
    if (number === expected) return findings;
    const what =
      number > expected ? `statements ${expected} to ${number - 1} are missing` : `statement ${number} came before`;
    const why = `${what} (source ${short(source)}): ask the verifier's operator, and compare with its database`;
    return [...findings, { kind: "missing-statement", entry, why }];
  }
}
