/** The real program, called as a user or a script calls it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Contour, writeContour } from "@isoline/core/contour";
import { afterAll, beforeAll } from "vitest";

export const program = fileURLToPath(new URL("../../packages/isoline/bin/isoline", import.meta.url));
export const fixtures = fileURLToPath(new URL("../../packages/core/src/profile/fixtures/", import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Call {
  readonly cwd?: string;
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Options for an engine elsewhere, if the suite is run with one: see test/wire/suites.test.ts. */
const engineOptions = JSON.parse(process.env["ISOLINE_TEST_ENGINE_OPTIONS"] ?? "[]") as readonly string[];

/** The arguments of a call, with an engine elsewhere where the command can have one. */
function withEngine(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  const hasEngine = /^(learn|check|run)$/.test(args[0] ?? "") && end >= 0 && !args.slice(0, end).includes("--runs");
  return hasEngine ? [...args.slice(0, end), ...engineOptions, ...args.slice(end)] : args;
}

/** Calls isoline and waits for its end. */
export function isoline(args: readonly string[], { cwd, input, environment }: Call = {}): Ended {
  const { status, signal, stdout, stderr } = spawnSync(program, withEngine(args), {
    encoding: "utf8",
    cwd,
    input: input ?? "",
    env: { ...process.env, ...environment },
    timeout: 60_000,
  });
  return { status, signal, stdout, stderr };
}

/** A directory for one test file, removed at its end. */
export function temporaryPlace(): { path: (name: string) => string; keep: (name: string, contour: Contour) => string } {
  let place = "";
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), "isoline-cli-"));
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));
  const path = (name: string) => join(place, name);
  return {
    path,
    keep: (name, contour) => {
      writeFileSync(path(name), [...writeContour(contour)].join(""));
      return path(name);
    },
  };
}
