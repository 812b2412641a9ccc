/**
 * Compiles the linux package to JavaScript from its sources, for code that must run in threads and processes of its own (Node
 * 20 cannot run TypeScript).
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../", import.meta.url));

export interface Compiled {
  /** The module `landlock/apply.js`, `probe/probe-all.js`, … by its path in the package's sources. */
  readonly module: (path: string) => string;
  readonly remove: () => void;
}

/** Compiles into a directory inside `node_modules`, where the imports of the sources are found. */
export function compileLinux(): Compiled {
  const cache = join(repository, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, "isoline-linux-"));
  chmodSync(directory, 0o755);
  const core = join(directory, "node_modules", "@isoline", "core");
  const subpaths = Object.entries<{ default: string }>(
    JSON.parse(readFileSync(join(repository, "packages/core/package.json"), "utf8")).exports,
  ).map(([subpath, target]) => [subpath, target.default.replace("./dist/", "./")] as const);
  compile(
    "core",
    core,
    subpaths.map(([, file]) => file.replace(".js", ".ts")),
  );
  writeFileSync(
    join(core, "package.json"),
    JSON.stringify({ name: "@isoline/core", type: "module", exports: Object.fromEntries(subpaths) }),
  );
  compile("linux", join(directory, "linux"), ["index.ts"]);
  writeFileSync(join(directory, "linux", "package.json"), JSON.stringify({ type: "module" }));
  return {
    module: (path) => join(directory, "linux", path),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Another check reports type errors; this one only compiles. */
function compile(name: string, target: string, entries: readonly string[]): void {
  const source = join(repository, "packages", name, "src");
  const options = ["--ignoreConfig", "--noCheck", "--module", "nodenext", "--target", "es2023", "--types", "node"];
  const places = [
    "--rewriteRelativeImportExtensions",
    "--rootDir",
    source,
    "--outDir",
    target,
    ...entries.map((entry) => join(source, entry)),
  ];
  execFileSync(join(repository, "node_modules", ".bin", "tsc"), [...options, ...places]);
}
