/**
 * `npm run deb [FOLDER]`: builds a Debian package in FOLDER (default: dist/deb) from the tarballs of tools/pack.mjs.
 *
 *   /usr/lib/isoline/node_modules      what npm installs, with all dependencies
 *   /usr/bin/isoline, isoline-runc     links to the commands
 *   /usr/share                         manual pages, completions for bash, zsh and fish, the licences, the documents that messages name
 *   /usr/lib/systemd/system            isoline@.service: a command under its contour; isoline-agent.service
 *   /etc/containers/containers.conf.d  isoline-runc as a runtime of podman
 *
 * The package runs no script when it is installed or removed. It does not contain Node: it depends on Debian's.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { repository, run } from "./run.mjs";

const out = resolve(process.argv[2] ?? join(repository, "dist/deb"));
const work = mkdtempSync(join(tmpdir(), "isoline-deb-"));
const root = join(work, "root");
const from = (/** @type {string} */ path) => join(repository, "packaging/debian", path);
const at = (/** @type {string} */ path) => join(root, path);
const { version } = JSON.parse(readFileSync(join(repository, "packages/isoline/package.json"), "utf8"));
/** Left out: files used only to build or to install with npm, code for bundlers, native modules for another C library than Debian's. */
const NOT_SHIPPED = [
  ".bin",
  ".package-lock.json",
  "koffi/cnoke.cjs",
  "@koromix/koffi-linux-x64/musl_x64",
  "bintrees/.npmignore",
  ...[
    "api",
    "api-logs",
    "core",
    "otlp-transformer",
    "resources",
    "sdk-logs",
    "sdk-metrics",
    "sdk-trace",
    "semantic-conventions",
  ].flatMap((name) => ["esm", "esnext"].map((form) => `@opentelemetry/${name}/build/${form}`)),
  "yaml/bin.mjs",
  "yaml/browser",
];

/** The time of the commit, or the current time without one: the same sources give the same package. */
const moment = Number(process.env["SOURCE_DATE_EPOCH"] ?? Math.floor(Date.now() / 1000));

try {
  await install();
  await documents();
  configure();
  settle(root);
  control();
  mkdirSync(out, { recursive: true });
  const file = join(out, `isoline_${version}-1_amd64.deb`);
  await must(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", root, file]);
  console.log(file);
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function install() {
  const tarballs = join(work, "tarballs");
  await must([process.execPath, join(repository, "tools/pack.mjs"), tarballs]);
  const prefix = join(work, "prefix");
  mkdirSync(prefix);
  writeFileSync(join(prefix, "package.json"), "{}");
  const packed = readdirSync(tarballs).map((name) => join(tarballs, name));
  const quiet = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  await must(["npm", "install", "--prefix", prefix, ...quiet, ...packed]);
  for (const path of NOT_SHIPPED) rmSync(join(prefix, "node_modules", path), { recursive: true, force: true });
  put("usr/lib/isoline/node_modules", join(prefix, "node_modules"));
  mkdirSync(at("usr/bin"), { recursive: true });
  for (const command of ["isoline", "isoline-runc"])
    symlinkSync(`../lib/isoline/node_modules/isoline/bin/${command}`, at(`usr/bin/${command}`));
}

async function documents() {
  const pages = join(work, "man");
  await must([process.execPath, join(repository, "tools/man-pages.mjs"), pages]);
  for (const page of readdirSync(pages)) write(`usr/share/man/man1/${page}.gz`, zip(readFileSync(join(pages, page))));
  const isoline = at("usr/lib/isoline/node_modules/isoline/bin/isoline");
  for (const [shell, place] of [
    ["bash", "usr/share/bash-completion/completions/isoline"],
    ["zsh", "usr/share/zsh/vendor-completions/_isoline"],
    ["fish", "usr/share/fish/vendor_completions.d/isoline.fish"],
  ])
    write(/** @type {string} */ (place), (await must([isoline, "completion", /** @type {string} */ (shell)])).output);
  const date = new Date(moment * 1000).toUTCString().replace("GMT", "+0000");
  const maintainer = /^Maintainer: (.*)$/m.exec(readFileSync(from("control"), "utf8"))?.[1];
  write(
    "usr/share/doc/isoline/changelog.Debian.gz",
    zip(
      Buffer.from(
        `isoline (${version}-1) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- ${maintainer}  ${date}\n`,
      ),
    ),
  );
  write("usr/share/doc/isoline/changelog.gz", zip(readFileSync(join(repository, "CHANGELOG.md"))));
  put("usr/share/doc/isoline/copyright", from("copyright"));
  put("usr/share/doc/isoline/docs", join(repository, "docs"));
  put("usr/share/doc/isoline/examples/docker-daemon.json", from("docker-daemon.json"));
}

function configure() {
  put("usr/lib/systemd/system/isoline@.service", from("isoline@.service"));
  put("usr/lib/systemd/system/isoline-agent.service", from("isoline-agent.service"));
  put("etc/containers/containers.conf.d/50-isoline.conf", from("containers.conf"));
  put("usr/share/lintian/overrides/isoline", from("lintian-overrides"));
}

function control() {
  const size = Math.ceil(sizeOf(root) / 1024);
  write(
    "DEBIAN/control",
    readFileSync(from("control"), "utf8").replaceAll("@VERSION@", version).replace("@SIZE@", String(size)),
  );
  write("DEBIAN/conffiles", "/etc/containers/containers.conf.d/50-isoline.conf\n");
}

/** Sets the modes that Debian requires, whatever the umask and the tarballs say. @param {string} path */
function settle(path) {
  const status = lstatSync(path);
  if (status.isSymbolicLink()) return;
  if (!status.isDirectory()) return chmodSync(path, isProgram(path) ? 0o755 : 0o644);
  chmodSync(path, 0o755);
  for (const name of readdirSync(path)) settle(join(path, name));
}

/** @param {string} path */
function isProgram(path) {
  return readFileSync(path).subarray(0, 2).toString("latin1") === "#!";
}

/** @param {string} path @returns {number} bytes */
function sizeOf(path) {
  const status = lstatSync(path);
  return status.isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 4096)
    : status.size;
}

/** @param {string} path @param {string | Uint8Array} content */
function write(path, content) {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}

/** @param {string} path @param {string} source */
function put(path, source) {
  if (!existsSync(source)) throw new Error(`expected ${source}`);
  mkdirSync(dirname(at(path)), { recursive: true });
  cpSync(source, at(path), { recursive: true });
}

/** Removes the time from the header. @param {Buffer} bytes */
function zip(bytes) {
  return gzipSync(bytes, { level: 9 });
}

/** @param {string[]} command */
async function must(command) {
  const outcome = await run(command, { limitSeconds: 300 });
  if (outcome.status !== 0)
    throw new Error(`${command.slice(0, 3).join(" ")} ended with status ${outcome.status}: ${outcome.output}`);
  return outcome;
}
