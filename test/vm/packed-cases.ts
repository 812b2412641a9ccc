/**
 * The host packs the cases of `test/sensor` into one JavaScript module, because Node in the machine cannot read TypeScript, and
 * compiles programs, because a compiler is slow under emulation.
 */
import { execFileSync } from "node:child_process";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { compileProbe, compiler } from "../sensor/case.ts";

const programs = [
  "../sensor/asked.c",
  ...["escapes", "late", "names", "threads"].map((name) => `./programs/${name}.c`),
];

/** Writes `cases.mjs`, `probe` and the programs to the share; nothing without a compiler. */
export async function packCases(share: string): Promise<void> {
  if (compiler === undefined) return;
  compileProbe(share);
  for (const program of programs) {
    const source = fileURLToPath(new URL(program, import.meta.url));
    const compiled = join(share, basename(source, ".c"));
    execFileSync(compiler, ["-static", "-pthread", "-O1", "-Wall", "-Werror", "-o", compiled, source]);
  }
  const build = await rolldown({
    input: fileURLToPath(new URL("./sensor-cases.ts", import.meta.url)),
    platform: "node",
  });
  await build.write({ file: `${share}/cases.mjs`, format: "esm" });
  await build.close();
}
