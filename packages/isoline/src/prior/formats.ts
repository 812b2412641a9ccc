/** `isoline import`: the profiles of other systems that can be read. */
import { readAppArmor } from "./apparmor.ts";
import { readKubescape } from "./kubescape.ts";
import type { Prior } from "./rule.ts";

export const importFormats = ["apparmor", "kubescape"] as const;
export type ImportFormat = (typeof importFormats)[number];

export async function readPrior(format: ImportFormat, text: string): Promise<Prior> {
  return format === "apparmor" ? readAppArmor(text) : await readKubescape(text);
}
