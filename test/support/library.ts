/** Programs that use isoline as a library: as a user would write and start them. */
import { chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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

/**
 * Runs a program (TypeScript, a module) in an empty directory of its own, from which it finds the built packages. `uid` is an
 * ordinary user to run it as, where root asks: in a mount namespace, Node and the packages are below that directory.
 */
export async function runProgram(source: string, uid?: number): Promise<Printed> {
  const place = mkdtempSync(join(tmpdir(), "isoline-library-"));
  const built = uid === undefined ? repository : join(place, "built");
  try {
    mkdirSync(join(place, "built"));
    mkdirSync(join(place, "node_modules"));
    symlinkSync(join(built, "packages/isoline"), join(place, "node_modules/isoline"));
    symlinkSync(join(built, "node_modules/@isoline"), join(place, "node_modules/@isoline"));
    writeFileSync(join(place, "program.ts"), source);
    await lower(join(place, "program.ts"), join(place, "program.mjs"));
    const [program = "", ...words] = uid === undefined ? [process.execPath] : nodeAs(uid, place);
    const { status, stdout, stderr } = await ended(program, [...words, "program.mjs"], { cwd: place });
    return { status, lines: stdout.split("\n").slice(0, -1), stderr };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** The command that starts Node as an ordinary user. The place belongs to that user from then on. */
function nodeAs(uid: number, place: string): readonly string[] {
  writeFileSync(join(place, "node"), "");
  chownSync(place, uid, uid);
  const mounts =
    'mount --bind "$1" built && mount --bind "$2" node && exec setpriv "$3" "$4" --clear-groups ./node "$5"';
  const shell = ["sh", "-c", mounts, "sh", repository, process.execPath, `--reuid=${uid}`, `--regid=${uid}`];
  return ["unshare", "--mount", ...shell];
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
