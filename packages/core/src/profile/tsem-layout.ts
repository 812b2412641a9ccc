/**
 * The values of an event of a TSEM-like profile, in the order in which they are hashed. An operation may have several layouts
 * (a mapping with and without a file); the names of the values distinguish them.
 */
import { IsolineError } from "../error.ts";
import { type CellBytes, type CellKindName, cellKinds } from "./tsem-cell.ts";
import type { TsemObject } from "./tsem-text.ts";

export interface LayoutField {
  readonly name: string;
  readonly kind: CellKindName;
  /** Where the kernel's export has the value, as keys from the CELL inwards. */
  readonly at: readonly string[];
}

export interface Layout {
  readonly op: string;
  readonly fields: readonly LayoutField[];
  /** The socket address families that the layout is for. */
  readonly isFamily?: (family: string) => boolean;
}

export function field(name: string, kind: CellKindName, at: string): LayoutField {
  return { name, kind, at: at.split(".") };
}

/** Finds layouts by the words of an act. */
export class Layouts {
  readonly #byNames = new Map<string, Layout>();

  constructor(layouts: readonly Layout[]) {
    for (const layout of layouts)
      this.#byNames.set(
        key(
          layout.op,
          layout.fields.map(({ name }) => name),
        ),
        layout,
      );
  }

  find(op: string, names: readonly string[]): Layout | undefined {
    return this.#byNames.get(key(op, names));
  }
}

/** Whether each value is valid for its field. */
export function fits(layout: Layout, values: readonly string[]): boolean {
  if (values.length !== layout.fields.length) return false;
  if (!layout.fields.every(({ kind }, at) => cellKinds[kind].accepts(values[at] as string))) return false;
  const family = layout.fields.findIndex(({ name }) => name === "family");
  return layout.isFamily === undefined || layout.isFamily(values[family] as string);
}

const key = (op: string, names: readonly string[]) => `${op} ${names.join(",")}`;

/** The values of an exported CELL in the order of a layout; refuses one that is missing or invalid. */
export function readValues(layout: Layout, cell: TsemObject): string[] {
  return layout.fields.map(({ kind, at }) => {
    const exported = textAt(cell, at);
    const shown = exported === undefined ? undefined : cellKinds[kind].show(exported);
    if (shown === undefined) throw badValue(layout.op, at, kind, exported);
    return shown;
  });
}

/** Appends the bytes that are hashed for values. */
export function putValues(layout: Layout, values: readonly string[], out: CellBytes): void {
  layout.fields.forEach(({ kind }, at) => cellKinds[kind].put(values[at] as string, out));
}

export function objectAt(cell: TsemObject, at: readonly string[]): TsemObject | undefined {
  let value: string | TsemObject | undefined = cell;
  for (const key of at) value = typeof value === "object" ? value[key] : undefined;
  return typeof value === "object" ? value : undefined;
}

export function textAt(cell: TsemObject, at: readonly string[]): string | undefined {
  let value: string | TsemObject | undefined = cell;
  for (const key of at) value = typeof value === "object" ? value[key] : undefined;
  return typeof value === "string" ? value : undefined;
}

function badValue(op: string, at: readonly string[], kind: string, exported: string | undefined): IsolineError {
  const got = exported === undefined ? "nothing" : JSON.stringify(exported.slice(0, 80));
  return new IsolineError("bad-trajectory", `${op}: expected ${at.join(".")} to be of the kind ${kind}, got ${got}`);
}
