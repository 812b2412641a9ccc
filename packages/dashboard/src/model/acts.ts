/** An act of a contour, read from its one-line form: `open`, `access=read path=/etc/hosts mode=0100644 uid=0 …`. */
import { type Family, familyOf } from "./families.ts";

export interface Act {
  readonly family: Family;
  /** What is touched: a path, an address, another process; the whole text where it names nothing of that kind. */
  readonly place: string;
  /** The operation, and how. */
  readonly operation: string;
  /** What else the contour demands: mode, owner, content. */
  readonly details: string;
}

/** Values are escaped, so a space ends them. */
export function readAct({ operation, target }: { readonly operation: string; readonly target: string }): Act {
  const pairs = fieldsOf(target);
  if (pairs === undefined) return { family: familyOf(operation), place: target, operation, details: "" };
  const of = (name: string) => pairs.find(([key]) => key === name)?.[1];
  const access = of("access");
  const how = access === undefined ? operation : `${operation} ${access}`;
  const socket = of("address");
  const place =
    of("path") ?? (socket === undefined ? undefined : [of("type"), socket].filter(Boolean).join(" ")) ?? of("name");
  const told = new Set([
    "access",
    ...(of("path") !== undefined ? ["path"] : ["address", "type", ...(socket === undefined ? ["name"] : [])]),
  ]);
  const rest = pairs.filter(([key]) => !told.has(key)).map(([key, value]) => `${key}=${value}`);
  // An act without a place of its own is told by all that it has.
  if (place === undefined) return { family: familyOf(how), place: rest.join(" "), operation: how, details: "" };
  return { family: familyOf(how), place, operation: how, details: rest.join(" ") };
}

function fieldsOf(target: string): readonly (readonly [key: string, value: string])[] | undefined {
  const words = target.split(" ");
  const pairs = words.map((word) => /^([a-z]+)=(.*)$/s.exec(word));
  return pairs.every((pair) => pair !== null) ? pairs.map(([, key = "", value = ""]) => [key, value]) : undefined;
}
