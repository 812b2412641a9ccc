/** `npm ci` from a warm cache, offline. The packages are generated, and were served once by a registry of this file. */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { environment } from "../harness/spent.mjs";

/** @type {import("../workloads.bench.mjs").Workload} */
export const install = {
  name: "npm-ci",
  what: (session) => `npm ci: ${packagesOf(session)} packages of 25 files from a warm cache, offline`,
  needs: ["npm", "tar"],

  async prepare(session, store) {
    const packages = makePackages(store, packagesOf(session));
    mkdirSync(join(store, "project"));
    const dependencies = Object.fromEntries([...packages.keys()].map((name) => [name, "1.0.0"]));
    writeFileSync(
      join(store, "project/package.json"),
      JSON.stringify({ name: "project", version: "1.0.0", dependencies }),
    );
    const registry = await serve(packages);
    try {
      await npm(session, store, `http://127.0.0.1:${registry.port}/`);
    } finally {
      registry.close();
    }
  },

  lay(folder, store) {
    for (const file of ["package.json", "package-lock.json"]) cpSync(join(store, "project", file), join(folder, file));
  },

  command: (_, store) => ["npm", "ci", "--offline", "--loglevel=error", "--cache", join(store, "cache")],
};

const packagesOf = (/** @type {import("../harness/session.mjs").Session} */ { quick }) => (quick ? 8 : 40);

/** Tarballs by package name. @param {string} store @param {number} count */
function makePackages(store, count) {
  /** @type {Map<string, Buffer>} */
  const packages = new Map();
  for (let number = 0; number < count; number++) {
    const name = `bench-package-${number}`;
    const folder = join(store, "packages", name, "package");
    mkdirSync(join(folder, "src"), { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version: "1.0.0", main: "src/0.js" }));
    for (let file = 0; file < 24; file++)
      writeFileSync(join(folder, `src/${file}.js`), `exports.value = ${number * file};\n`.repeat(30));
    const tarball = join(store, "packages", `${name}.tgz`);
    const { status } = spawnSync("tar", ["-czf", tarball, "-C", join(store, "packages", name), "package"]);
    if (status !== 0) throw new Error(`tar could not pack ${name}`);
    packages.set(name, readFileSync(tarball));
  }
  return packages;
}

/** Serves the two responses of a registry that npm needs. @param {ReadonlyMap<string, Buffer>} packages */
async function serve(packages) {
  const server = createServer((request, response) => {
    const [, name = "", tarball] = (request.url ?? "").split("/");
    const bytes = packages.get(name);
    if (bytes === undefined) response.writeHead(404).end();
    else if (tarball !== undefined) response.end(bytes);
    else response.setHeader("content-type", "application/json").end(JSON.stringify(described(name, bytes, port)));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const port = /** @type {import("node:net").AddressInfo} */ (server.address()).port;
  return { port, close: () => server.close() };
}

/** @param {string} name @param {Buffer} bytes @param {number} port */
function described(name, bytes, port) {
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  const dist = { integrity, tarball: `http://127.0.0.1:${port}/${name}/1.0.0.tgz` };
  return { name, "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": { name, version: "1.0.0", dist } } };
}

/** Installs once, which fills the cache and writes the lockfile. @param {string} registry */
function npm(/** @type {import("../harness/session.mjs").Session} */ session, /** @type {string} */ store, registry) {
  const words = ["install", "--loglevel=error", "--cache", join(store, "cache"), "--registry", registry];
  const child = spawn("npm", words, {
    cwd: join(store, "project"),
    env: environment(session),
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("close", (code) =>
      code === 0 ? resolve(undefined) : reject(new Error(`npm install: ${said.slice(-1000)}`)),
    );
  });
}
