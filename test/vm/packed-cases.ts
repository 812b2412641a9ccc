/**
 * What a machine is given: the cases of `test/sensor` as one module, since nothing there reads TypeScript, and programs
 * compiled, since nobody should wait for a compiler under emulation.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { compileProbe, compiler } from "../sensor/case.ts";

const programs = ["escapes", "names", "threads"];

/** Leaves `cases.mjs`, `probe` and the programs in the share; nothing where there is no compiler. */
export async function packCases(share: string): Promise<void> {
  if (compiler === undefined) return;
  compileProbe(share);
  for (const program of programs) {
    const source = fileURLToPath(new URL(`./programs/${program}.c`, import.meta.url));
    execFileSync(compiler, ["-static", "-pthread", "-O1", "-Wall", "-Werror", "-o", `${share}/${program}`, source]);
  }
  const build = await rolldown({
    input: fileURLToPath(new URL("./sensor-cases.ts", import.meta.url)),
    platform: "node",
  });
  await build.write({ file: `${share}/cases.mjs`, format: "esm" });
  await build.close();
}
