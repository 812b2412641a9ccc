/** The names of hosts on a contour, by port: what the supervisor looks up itself at a connection to an address that it does not know. */
import type { Contour } from "@isoline/core/contour";

/** Each is looked up: a contour with more is decided by the names that come first. */
const MOST_NAMES = 64;
/** An address without its port that is a name: no digits and dots alone, no brackets, no token. */
const NAME = /^(?!\d+(?:\.\d+){3}:)([\w-]+(?:\.[\w-]+)*):(\d{1,5})$/;

export class HostsOnContour {
  readonly #contour: () => Contour;
  #names: ReadonlyMap<number, readonly string[]> = new Map();
  /** The contour that was read, and how many of its points. */
  #read: { readonly contour: Contour; readonly size: number } | undefined;

  /** `contour` gives the one that is in force: one that is amended is another one from then on. */
  constructor(contour: () => Contour) {
    this.#contour = contour;
  }

  /** Read when it is first asked for, and again when the contour was amended or has grown. */
  at(port: number): readonly string[] {
    const contour = this.#contour();
    const { size } = contour;
    if (this.#read?.contour !== contour || this.#read.size !== size) {
      this.#names = namesOn(contour);
      this.#read = { contour, size };
    }
    return this.#names.get(port) ?? [];
  }
}

function namesOn(contour: Contour): ReadonlyMap<number, readonly string[]> {
  const names = new Map<number, Set<string>>();
  for (let index = 0; index < contour.size; index++) {
    const { op, subject } = contour.event(index);
    if (op !== "connect" && op !== "send") continue;
    const [, name, port] = NAME.exec(subject.address) ?? [];
    if (name === undefined) continue;
    const at = names.get(Number(port)) ?? new Set<string>();
    if (at.size < MOST_NAMES) names.set(Number(port), at.add(name));
  }
  return new Map(Array.from(names, ([port, all]) => [port, [...all]]));
}
