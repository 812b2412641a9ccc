/** The gravest departure so far, found without looking at any departure twice. */
import { consequenceOf, type Departure, type Ranked } from "@isoline/core/engine";
import { formatAct } from "@isoline/core/event";
import type { Snapshot } from "./live.ts";

export class Gravest {
  #seen = 0;
  #departure: Departure | undefined;
  #ranked: Ranked | undefined;

  /** `departures`: all of them, in order; undefined while there is none. */
  among(departures: readonly Departure[]): Snapshot["gravest"] {
    for (; this.#seen < departures.length; this.#seen++) {
      const departure = departures[this.#seen] as Departure;
      const ranked = consequenceOf(departure.event);
      if (this.#ranked !== undefined && this.#ranked.rank <= ranked.rank) continue;
      this.#ranked = ranked;
      this.#departure = departure;
    }
    if (this.#departure === undefined || this.#ranked === undefined) return undefined;
    return { consequence: this.#ranked.consequence, act: formatAct(this.#departure.event) };
  }
}
