/** The files of our machines: all of their initial RAM disks, which are all they have. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { present, repository } from "../run.mjs";
import { archive, directory, file, link, withDirectories } from "./archive.mjs";

/** @typedef {import("./archive.mjs").Entry} Entry */

/** Where init mounts, and what links of a merged /usr lead to. */
const PLACES = ["dev", "image", "proc", "run", "sys", "tmp"];
const MERGED = ["bin", "lib", "lib64", "sbin"];

const LIBRARIES = "usr/lib/x86_64-linux-gnu";
const MODULES = "usr/lib/isoline/node_modules";
const KOFFI = "@koromix/koffi-linux-x64/linux_x64/koffi.node";
const NATIVE = join(repository, "node_modules", KOFFI);

/** What the dynamic loader does not name: isoline loads it by itself (packages/linux/src/abi/libbpf.ts). */
const LIBBPF = "/usr/lib/x86_64-linux-gnu/libbpf.so.1";

/**
 * The root file system that every launch host has, whatever it enforces and trusts. Everything in it is read from this machine,
 * so equal packages and an equal build give equal bytes.
 *
 * @returns {Buffer} an archive that is not compressed
 */
export function hostRoot() {
  const runc = present("/usr/sbin/runc") ? "/usr/sbin/runc" : "/usr/bin/runc";
  const bundle = filesIn("isoline", "dist/bundle").filter((name) => !/\.(map|cache)$|\/engine-/.test(name));
  return archive(
    withDirectories([
      ...machine("init.c", PLACES),
      file("usr/sbin/runc", readFileSync(runc), 0o755),
      ...packageOf("commander", ["package.json", "esm.mjs", "index.js", ...filesIn("commander", "lib")]),
      ...packageOf("yaml", ["package.json", ...filesBelow("yaml", "dist")]),
      ...packageOf("isoline", ["package.json", ...bundle]),
      ...packageOf("@isoline/linux", ["package.json", ...filesIn("@isoline/linux", "dist/bpf")]),
      ...librariesOf([process.execPath, runc, NATIVE, LIBBPF]),
    ]),
  );
}

/** The same of a machine that hosts engines: Node, the engine's bundle, and what that calls the kernel with. @returns {Buffer} */
export function engineRoot() {
  const bundle = filesIn("isoline", "dist/bundle").filter((name) =>
    /\/(engine-(machine|thread)(-[\w-]+)?|load)\.js$|\/package\.json$/.test(name),
  );
  return archive(
    withDirectories([
      ...machine("engine-init.c", PLACES),
      ...packageOf("isoline", ["package.json", ...bundle]),
      ...librariesOf([process.execPath, NATIVE]),
    ]),
  );
}

/** The first process, Node, and koffi. @param {string} init @param {readonly string[]} places */
function machine(init, places) {
  return [
    file("init", compiled(init), 0o755),
    ...places.map((name) => directory(name)),
    ...MERGED.map((name) => link(name, `usr/${name}`)),
    file("etc/passwd", Buffer.from("root:x:0:0:root:/run/home:/nowhere\n")),
    file("etc/group", Buffer.from("root:x:0:\n")),
    file("usr/bin/node", readFileSync(process.execPath), 0o755),
    file(`${MODULES}/${KOFFI}`, readFileSync(NATIVE), 0o755),
    ...packageOf("@koromix/koffi-linux-x64", ["package.json", "index.js"]),
    ...packageOf("koffi", ["package.json", "index.cjs", "index.js", ...filesBelow("koffi", "src")]),
  ];
}

/** A first process, without any library beside it. The same compiler makes the same bytes of it. @param {string} init */
function compiled(init) {
  const place = mkdtempSync(join(tmpdir(), "isoline-init-"));
  try {
    const out = join(place, "init");
    const source = fileURLToPath(new URL(init, import.meta.url));
    const hardened = ["-fstack-protector-strong", "-fcf-protection=full", "-D_FORTIFY_SOURCE=3"];
    execFileSync("gcc", ["-static", "-O2", "-s", "-Wall", "-Wextra", "-Werror", ...hardened, "-o", out, source]);
    return readFileSync(out);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** V8's stored code is left out everywhere: it differs from build to build. @param {string} name @param {string} folder */
function filesIn(name, folder) {
  return readdirSync(join(repository, "node_modules", name, folder))
    .sort()
    .map((each) => `${folder}/${each}`);
}

/** @param {string} name @param {string} folder */
function filesBelow(name, folder) {
  const all = readdirSync(join(repository, "node_modules", name, folder), { recursive: true, encoding: "utf8" });
  return all
    .filter((each) => /\.c?js$/.test(each))
    .sort()
    .map((each) => `${folder}/${each}`);
}

/** @param {string} name @param {readonly string[]} files @returns {Entry[]} */
function packageOf(name, files) {
  return files.map((path) =>
    file(`${MODULES}/${name}/${path}`, readFileSync(join(repository, "node_modules", name, path))),
  );
}

/**
 * The shared libraries of programs, and those among them, by what the dynamic loader says.
 *
 * @param {readonly string[]} programs @returns {Entry[]}
 */
function librariesOf(programs) {
  const paths = programs.flatMap((program) => {
    const said = execFileSync("ldd", [program], { encoding: "utf8" });
    return [...said.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
  });
  const loader = "ld-linux-x86-64.so.2";
  const all = [...programs.filter((program) => /\.so\.\d+$/.test(program)), ...paths];
  return [...new Set(all.map((path) => basename(path)))].sort().map((name) => {
    const from = all.find((path) => basename(path) === name) ?? name;
    return file(`${name === loader ? "usr/lib64" : LIBRARIES}/${name}`, readFileSync(realpathSync(from)), 0o755);
  });
}
