/** Light or dark: as the system says, until the person chooses. The choice is the only thing that outlives the tab. */
import { signal } from "@preact/signals";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];
const KEY = "isoline.theme";

export const theme = signal<Theme>(themes.find((one) => one === localStorage.getItem(KEY)) ?? "system");
/** Counts every change of colours, so that canvases are drawn anew. */
export const colours = signal(0);

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  localStorage.setItem(KEY, chosen);
  apply();
}

/** Sets the theme, and follows the system. */
export function followTheme(): void {
  apply();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => void (colours.value += 1));
}

function apply(): void {
  const { dataset } = document.documentElement;
  if (theme.peek() === "system") delete dataset["theme"];
  else dataset["theme"] = theme.peek();
  colours.value += 1;
}

/** The colours of the page by the names of its style sheet, for canvases. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
}
