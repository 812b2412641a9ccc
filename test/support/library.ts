/** Programs that use isoline as a library: as a user would write and start them. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { ended } from "./isoline.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** What a program printed, and how it ended. */
export interface Printed {
  readonly status: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** Runs a program (TypeScript, a module) in an empty directory of its own, from which it finds the built packages. */
export async function runProgram(source: string): Promise<Printed> {
  const place = mkdtempSync(join(tmpdir(), "isoline-library-"));
  try {
    mkdirSync(join(place, "node_modules"));
    symlinkSync(join(repository, "packages/isoline"), join(place, "node_modules/isoline"));
    symlinkSync(join(repository, "node_modules/@isoline"), join(place, "node_modules/@isoline"));
    writeFileSync(join(place, "program.ts"), source);
    await lower(join(place, "program.ts"), join(place, "program.mjs"));
    const { status, stdout, stderr } = await ended(process.execPath, ["program.mjs"], { cwd: place });
    return { status, lines: stdout.split("\n").slice(0, -1), stderr };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Into what the oldest Node that we support can run, which has no `await using` yet. */
async function lower(from: string, to: string): Promise<void> {
  const build = await rolldown({
    input: from,
    platform: "node",
    external: [/^isoline$/, /^@isoline\//, /^node:/],
    transform: { target: "es2022" },
  });
  await build.write({ file: to, format: "esm" });
  await build.close();
}
