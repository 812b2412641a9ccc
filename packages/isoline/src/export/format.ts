/** A policy of another system, made of what a contour permits. */
import type { Permits } from "./permits.ts";

/** The systems whose policies a contour can be exported as. */
export const exportFormats = ["seccomp", "apparmor", "systemd", "landlock", "kubearmor", "kubescape"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface Exported {
  /** The policy file. */
  readonly text: string;
  /** What the contour says and this format cannot, one sentence each. */
  readonly unsaid: readonly string[];
}

/** What no rule about a whole service can say. */
export const WITHOUT_ACTORS =
  "which program does it: each program may do what any of them may, and programs are not recognised by their content";

export const HELD_CAPABILITIES =
  "which capabilities were used: those that tasks had are permitted, and root has all of them";

/** Sentences for the names that became patterns and for the places that are unknown. */
export function gaps({ widened, unplaced }: Permits): string[] {
  return [
    ...(widened.length === 0 ? [] : [`names that differ from run to run stand for any name there: ${some(widened)}`]),
    ...(unplaced.length === 0 ? [] : [`files whose place is not known are left out: ${some(unplaced)}`]),
  ];
}

const MOST_NAMED = 5;

/** The first few, and how many more there are. */
function some(items: readonly string[]): string {
  const more = items.length - MOST_NAMED;
  return items.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
