/** Documents in docs/spec that are generated from the code. `UPDATE_SPEC=1 npx vitest run test/spec` generates them again. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const specPath = (name: string) => fileURLToPath(new URL(`../../docs/spec/${name}`, import.meta.url));
export const isUpdate = process.env["UPDATE_SPEC"] === "1";

/** The text of a published document; replaced by `current` before if an update is requested. */
export function published(name: string, current: string): string {
  if (isUpdate) writeFileSync(specPath(name), current);
  return readFileSync(specPath(name), "utf8");
}
