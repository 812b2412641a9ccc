/**
 * The cases of `test/sensor`, for a machine: one module, since nothing there reads TypeScript, and the probe, since nobody
 * should wait for a compiler under emulation.
 */
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { compileProbe, compiler } from "../sensor/case.ts";

/** Leaves `cases.mjs` and `probe` in the share; nothing where there is no compiler. */
export async function packCases(share: string): Promise<void> {
  if (compiler === undefined) return;
  compileProbe(share);
  const build = await rolldown({
    input: fileURLToPath(new URL("./sensor-cases.ts", import.meta.url)),
    platform: "node",
  });
  await build.write({ file: `${share}/cases.mjs`, format: "esm" });
  await build.close();
}
