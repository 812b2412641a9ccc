import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ERROR_PAGE, errorPage } from "../../tools/error-page.mjs";
import { repository } from "../../tools/run.mjs";

const CONFIGURATION = [
  "tsconfig.base.json",
  "tsconfig.check.json",
  "tsconfig.json",
  "biome.json",
  ".oxlintrc.json",
  "knip.json",
];

const PACKAGES = ["core", "attest", "log", "linux", "verifier", "dashboard", "isoline"];

const manifest = (name: string) => ({
  name,
  version: "0.1.0",
  type: "module",
  exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
});

/** The smallest tree that passes every check, with the configuration of this repository. */
const inOrder: Record<string, string> = {
  "package.json": json({
    name: "tiny-workspace",
    private: true,
    type: "module",
    workspaces: PACKAGES.map((name) => `packages/${name}`),
    scripts: { start: "true", test: "true" },
  }),
  "package-lock.json": json({ packages: {} }),
  "README.md": "# Tiny\n\nSee [the errors](docs/errors.md#errors) and run `npm test`.\n",
  "docs/dependencies.md": "# Dependencies\n",
  "packages/core/package.json": json(manifest("@isoline/core")),
  "packages/core/src/error.ts": 'export const coreErrors = { "bad-event": "An event is none." } as const;\n',
  "packages/core/src/event/event.ts":
    'import { coreErrors } from "../error.ts";\n\nexport const codes = Object.keys(coreErrors);\n',
  "packages/core/src/index.ts": 'export * from "./error.ts";\nexport * from "./event/event.ts";\n',
  "packages/attest/package.json": json({
    ...manifest("@isoline/attest"),
    exports: { "./error": { types: "./dist/error.d.ts", default: "./dist/error.js" } },
  }),
  "packages/attest/src/error.ts": 'export const attestErrors = { "tpm-refused": "A TPM refused." } as const;\n',
  "packages/log/package.json": json({
    ...manifest("@isoline/log"),
    exports: { "./error": { types: "./dist/error.d.ts", default: "./dist/error.js" } },
  }),
  "packages/log/src/error.ts": 'export const logErrors = { "bad-note": "A note is none." } as const;\n',
  "packages/verifier/package.json": json(manifest("@isoline/verifier")),
  "packages/verifier/src/index.ts": "export {};\n",
  "packages/dashboard/package.json": json({ name: "@isoline/dashboard", version: "0.1.0", type: "module" }),
  "packages/dashboard/src/main.tsx": "export {};\n",
  "packages/linux/package.json": json(manifest("@isoline/linux")),
  "packages/linux/src/index.ts": "export const linux = true;\n",
  "packages/isoline/package.json": json(manifest("isoline")),
  "packages/isoline/src/index.ts": "export {};\n",
};

/** A tree on disk, removed when the scope that made it ends. */
export class TinyTree implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), "isoline-tree-"));

  constructor(changes: Readonly<Record<string, string>> = {}) {
    for (const file of CONFIGURATION) cpSync(join(repository, file), join(this.root, file));
    for (const pack of PACKAGES) this.copy(`packages/${pack}/tsconfig.json`);
    symlinkSync(join(repository, "node_modules"), join(this.root, "node_modules"));
    for (const [path, text] of Object.entries(inOrder)) this.write(path, text);
    this.write(ERROR_PAGE, errorPage(this.root));
    for (const [path, text] of Object.entries(changes)) this.write(path, text);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    const mode = text.startsWith("#!") ? 0o755 : 0o644;
    writeFileSync(join(this.root, path), text, { mode });
  }

  copy(path: string): void {
    cpSync(join(repository, path), join(this.root, path), { recursive: true });
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Formatted as the formatter formats manifests. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
