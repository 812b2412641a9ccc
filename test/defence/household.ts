/** A user's home and project, made anew for every run, with everything that a worm looks for. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Attacker } from "./attacker.ts";
import type { Registry } from "./registry.ts";

const SECRETS: Readonly<Record<string, string>> = {
  ".ssh/id_ed25519": "SSH_SECRET\n",
  ".aws/credentials": "[default]\naws_secret_access_key = AWS_SECRET\n",
  ".git-credentials": "https://someone:GIT_SECRET@localhost\n",
  ".bashrc": "# a profile\n",
  "documents/thesis.txt": "years of work\n",
};

/** What later steps of the worm stand on, which refused steps before them would have made. */
const LAID: readonly (readonly [path: string, text: string, mode: number])[] = [
  ["home/.cache/scanner", '#!/bin/sh\n: > "$1"\n', 0o755],
  ["home/.config/systemd/user/other.service", "[Unit]\n", 0o644],
  ["project/.github/workflows/other.yml", "on: push\n", 0o644],
  ["project/.vscode/settings.json", "{}\n", 0o644],
];

export class Household {
  readonly directory: string;
  readonly attacker: Attacker;
  readonly registry: Registry;
  readonly #uid: number | undefined;
  /** The file of the compromised package that acts. */
  wormFile = "";

  constructor(uid: number | undefined, attacker: Attacker, registry: Registry) {
    this.directory = mkdtempSync(join(tmpdir(), "isoline-defence-"));
    this.attacker = attacker;
    this.registry = registry;
    this.#uid = uid;
    this.#own("");
    chmodSync(this.directory, 0o755);
    for (const [path, text] of Object.entries(SECRETS)) this.write(`home/${path}`, text, 0o600);
    this.write(
      "home/.npmrc",
      `registry=${registry.url}\naudit=false\nfund=false\nupdate-notifier=false\nforeground-scripts=true\n//localhost/:_authToken=NPM_SECRET\n`,
      0o600,
    );
    this.write("home/bin/forge", "#!/bin/sh\necho TOOL_SECRET\n", 0o755);
    const manifest = {
      name: "app",
      version: "1.0.0",
      dependencies: { pretty: "^1.0.0", neighbour: "^1.0.0" },
      scripts: { test: "node test.js" },
    };
    this.write("project/package.json", JSON.stringify(manifest), 0o644);
    this.write(
      "project/test.js",
      "if (require('pretty') !== 42 || require('neighbour') !== 1) process.exit(1)\n",
      0o644,
    );
    this.write("project/.git/hooks/README", "hooks\n", 0o644);
  }

  at(path: string): string {
    return join(this.directory, path);
  }

  write(path: string, text: string, mode: number): void {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join("/");
      mkdirSync(this.at(folder), { recursive: true });
      this.#own(folder);
    }
    writeFileSync(this.at(path), text);
    chmodSync(this.at(path), mode);
    this.#own(path);
  }

  /** Makes the directories that the worm leaves something in, and a program where it keeps the one that it downloads. */
  lay(): void {
    for (const [path, text, mode] of LAID) this.write(path, text, mode);
  }

  /** Every file in home and project with its size, except the files that npm writes. */
  inventory(): readonly string[] {
    return (readdirSync(this.directory, { recursive: true }) as string[])
      .filter((path) => /^(home|project)\//.test(path) && statSync(this.at(path)).isFile())
      .filter((path) => !/^home\/\.npm\/|^project\/node_modules\/pretty\/|\/package-lock\.json$/.test(path))
      .filter((path) => !path.endsWith("node_modules/.package-lock.json"))
      .map((path) => `${path} ${statSync(this.at(path)).size}`)
      .sort();
  }

  clear(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #own(path: string): void {
    if (this.#uid !== undefined) chownSync(this.at(path), this.#uid, this.#uid);
  }
}
