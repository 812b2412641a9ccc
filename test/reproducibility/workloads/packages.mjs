/** Package managers without a network. */
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { searchPath } from "../place.mjs";

/** @typedef {import("../place.mjs").Workload} Workload */

const PACKAGES = 12;

/** Packages that depend on each other, two of them with a program and an install script. @param {number} n */
function manifestOf(n) {
  return {
    name: `part-${n}`,
    version: "1.0.0",
    dependencies: n > 2 ? { [`part-${n >> 1}`]: "1.0.0" } : {},
    ...(n % 5 === 0 ? { bin: { [`part-${n}`]: "index.js" }, scripts: { postinstall: "node index.js" } } : {}),
  };
}

/** Packs the packages. @param {string} directory where they are unpacked and packed */
function pack(directory) {
  return Array.from({ length: PACKAGES }, (_, index) => {
    const manifest = manifestOf(index + 1);
    const top = join(directory, manifest.name, "package");
    mkdirSync(top, { recursive: true });
    writeFileSync(join(top, "package.json"), JSON.stringify(manifest));
    writeFileSync(join(top, "index.js"), `#!/usr/bin/env node\nmodule.exports = ${index};\n`, { mode: 0o755 });
    const file = join(directory, `${manifest.name}.tgz`);
    execFileSync("tar", ["czf", file, "-C", join(directory, manifest.name), "package"]);
    return { manifest, bytes: readFileSync(file) };
  });
}

/** The document of a registry about a package. @param {ReturnType<typeof pack>[number]} packed @param {string} registry */
function described({ manifest, bytes }, registry) {
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  const version = {
    ...manifest,
    dist: { integrity, tarball: `${registry}/${manifest.name}/-/${manifest.name}-1.0.0.tgz` },
  };
  return JSON.stringify({ name: manifest.name, "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": version } });
}

/**
 * Serves the packages as a registry would, while `use` runs.
 *
 * @param {string} directory @param {(registry: string) => Promise<void>} use
 */
async function withRegistry(directory, use) {
  const packages = new Map(pack(directory).map((packed) => [packed.manifest.name, packed]));
  const server = createServer((request, response) => {
    const found = packages.get(/^\/([a-z0-9-]+)/.exec(request.url ?? "")?.[1] ?? "");
    if (!found) return void response.writeHead(404).end("{}");
    response.end(request.url?.endsWith(".tgz") ? found.bytes : described(found, registry));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const registry = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
  try {
    await use(registry);
  } finally {
    server.close();
  }
}

const dependencies = Object.fromEntries(Array.from({ length: PACKAGES }, (_, index) => [`part-${index + 1}`, "1.0.0"]));

/** npm 11 requires it before it runs an install script; other versions ignore it. */
const allowScripts = { "part-5": true, "part-10": true };

/** @param {string} cwd */
function writeProject(cwd) {
  const project = { name: "app", version: "1.0.0", dependencies, allowScripts };
  writeFileSync(join(cwd, "package.json"), JSON.stringify(project));
}

/** @type {Workload} */
export const npm = {
  name: "npm ci",
  says: "`npm ci` offline from a warm cache: 12 packages, programs and install scripts among them",
  programs: ["npm", "node", "tar"],
  async prepare(cwd, home) {
    writeProject(cwd);
    const packages = join(cwd, ".registry");
    await withRegistry(packages, async (registry) => {
      const args = [
        "install",
        "--registry",
        registry,
        "--cache",
        join(home, ".npm"),
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
      ];
      await promisify(execFile)("npm", args, { cwd, env: { PATH: searchPath, HOME: home } });
    });
    for (const left of [packages, join(cwd, "node_modules"), join(home, ".npm/_logs")])
      rmSync(left, { recursive: true, force: true });
  },
  command: ["npm", "ci", "--offline", "--no-audit", "--no-fund"],
  environment: () => ({ npm_config_update_notifier: "false" }),
};

/** Another port would be another address, for which the cache has nothing. */
const PORT = 18473;

/** @type {Workload} */
export const npmOnce = {
  name: "npm install, again",
  says: "`npm install` from a registry, at the same place each time: from an empty cache first, from what it has left then",
  programs: ["npm", "node", "tar"],
  prepare(cwd) {
    writeProject(cwd);
    const unpacked = join(cwd, ".unpacked");
    for (const packed of pack(unpacked)) {
      const { name } = packed.manifest;
      mkdirSync(join(cwd, "registry", name, "-"), { recursive: true });
      writeFileSync(join(cwd, "registry", name, "-", `${name}-1.0.0.tgz`), packed.bytes);
      writeFileSync(join(cwd, "registry", name, "index.json"), described(packed, `http://127.0.0.1:${PORT}`));
    }
    rmSync(unpacked, { recursive: true });
    writeFileSync(
      join(cwd, "install.mjs"),
      `import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
const server = createServer((request, response) => {
  const name = request.url.endsWith(".tgz") ? request.url : request.url + "/index.json";
  response.end(readFileSync("registry" + name));
});
server.listen(${PORT}, "127.0.0.1", () => {
  const options = ["--no-package-lock", "--no-audit", "--no-fund", "--registry", "http://127.0.0.1:${PORT}"];
  const npm = spawn("npm", ["install", ...options], { stdio: "inherit" });
  npm.on("exit", (code) => { server.closeAllConnections(); server.close(); process.exitCode = code; });
});
`,
    );
  },
  command: ["node", "install.mjs"],
  environment: () => ({ npm_config_update_notifier: "false" }),
};

/** @type {Workload} */
export const npmPack = {
  name: "npm pack",
  says: "npm packs two packages with scripts, and installs one from its directory, one from its archive",
  programs: ["npm", "node"],
  prepare(cwd) {
    writeFileSync(join(cwd, "package.json"), JSON.stringify({ name: "app", version: "1.0.0" }));
    for (const name of ["one", "other"]) {
      mkdirSync(join(cwd, name));
      const manifest = { name, version: "1.0.0", scripts: { prepare: "node index.js" } };
      writeFileSync(join(cwd, name, "package.json"), JSON.stringify(manifest));
      writeFileSync(join(cwd, name, "index.js"), "exports.value = 1;\n");
    }
    const options = "--offline --no-audit --no-fund --install-links";
    writeFileSync(
      join(cwd, "story.sh"),
      `set -e\nnpm pack ./one ./other\nnpm install ${options} ./one ./other-1.0.0.tgz\n`,
    );
  },
  command: ["sh", "story.sh"],
  environment: () => ({ npm_config_update_notifier: "false" }),
};
