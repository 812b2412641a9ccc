/** Which view is shown, and how: kept in the fragment of the address, which no request carries. */
import { signal } from "@preact/signals";

export type Route =
  | { readonly view: "fleet" | "canisters" | "changes" | "policy" }
  | { readonly view: "node"; readonly node: string }
  | { readonly view: "canister"; readonly node: string; readonly label: string }
  | { readonly view: "lost"; readonly path: string };

export interface Place {
  readonly route: Route;
  /** How the view is set: filter, order, grouping. */
  readonly settings: URLSearchParams;
}

export const place = signal<Place>(read());

/** Addresses of views, for links. */
export const toNode = (node: string): string => `#/nodes/${encodeURIComponent(node)}`;
export const toCanister = (node: string, label: string): string =>
  `${toNode(node)}/canisters/${encodeURIComponent(label)}`;

/** Follows the address until the page ends. */
export function followAddress(): void {
  addEventListener("hashchange", () => void (place.value = read()));
}

/** Changes how the view is set, without a new entry in the history; an empty value takes the setting away. */
export function set(name: string, value: string): void {
  const settings = new URLSearchParams(place.peek().settings);
  if (value === "") settings.delete(name);
  else settings.set(name, value);
  const path = location.hash.replace(/\?.*$/s, "") || "#/";
  const text = settings.toString();
  history.replaceState(null, "", text === "" ? path : `${path}?${text}`);
  place.value = { route: place.peek().route, settings };
}

/** Shows a view, as if the address had been opened with it. */
export function openAt(view: string): void {
  history.replaceState(null, "", view.startsWith("#/") ? view : "#/");
  place.value = read();
}

export function go(address: string): void {
  location.hash = address;
}

function read(): Place {
  const [path = "", settings = ""] = location.hash.replace(/^#/, "").split(/\?(.*)/s);
  return { route: routeOf(path), settings: new URLSearchParams(settings) };
}

function routeOf(path: string): Route {
  const parts = path.split("/").filter((part) => part !== "");
  try {
    const [first, node, third, label, ...more] = parts.map(decodeURIComponent);
    if (first === undefined) return { view: "fleet" };
    if (parts.length === 1 && (first === "canisters" || first === "changes" || first === "policy"))
      return { view: first };
    if (first === "nodes" && node !== undefined && third === undefined) return { view: "node", node };
    if (first === "nodes" && node !== undefined && third === "canisters" && label !== undefined && more.length === 0)
      return { view: "canister", node, label };
  } catch {
    // An address that is no encoding leads nowhere, like any other that this page does not have.
  }
  return { view: "lost", path };
}
