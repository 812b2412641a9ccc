/**
 * Measures several contenders in turn, round after round: A B C, C B A, A B C …
 *
 * Other load on the machine (a neighbour, a warm processor, a full page cache) changes over seconds. Taking turns spreads it
 * over all contenders. The reversed order keeps a contender from always following the same other one.
 *
 * @template {string} Name
 * @param {Readonly<Record<Name, () => number | Promise<number>>>} contenders each returns one figure when called
 * @param {{ rounds: number, warmups?: number }} options the figures of the first `warmups` rounds are discarded
 * @returns {Promise<Record<Name, number[]>>}
 */
export async function inTurn(contenders, { rounds, warmups = 1 }) {
  const entries = /** @type {[Name, () => number | Promise<number>][]} */ (Object.entries(contenders));
  /** @type {Record<Name, number[]>} */
  const figures = /** @type {any} */ (Object.fromEntries(entries.map(([name]) => [name, []])));
  for (let round = -warmups; round < rounds; round++) {
    for (const [name, measure] of round % 2 === 0 ? entries : entries.toReversed()) {
      const figure = await measure();
      if (round >= 0) figures[name].push(figure);
    }
  }
  return figures;
}
