/** Small containers in the virtual machine: a root file system of busybox, plain bundles for runc, isoline-runc over it. */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const bin = fileURLToPath(new URL("../../../packages/isoline/bin/", import.meta.url));

/** A command that takes longer is ended: its status is null. Long, because the processors that emulate may be busy. */
const PATIENCE_MS = 240_000;

/** @typedef {{ status: number | null, stdout: string, stderr: string }} Result */

/** The reason why containers cannot run here; undefined if they can. */
export function canistersMissing() {
  const absent = ["runc", "busybox"].filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
  return absent.length > 0 ? `needs ${absent.join(", ")}` : undefined;
}

/** @param {string} program @param {string} root @param {string} as */
function putProgram(program, root, as) {
  const { stdout } = spawnSync("ldd", [program], { encoding: "utf8" });
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, file = ""]) => file);
  for (const [from, to] of /** @type {[string, string][]} */ ([
    [program, as],
    ...libraries.map((file) => [file, file]),
  ])) {
    mkdirSync(join(root, dirname(to)), { recursive: true });
    cpSync(from, join(root, to), { dereference: true });
  }
}

/** A folder in memory for bundles, contours and reports. */
export class Yard {
  place = mkdtempSync(join(tmpdir(), "canisters-"));
  #next = 1;
  /** @type {Record<string, string | undefined>} */
  environment = { PATH: process.env["PATH"], LC_ALL: "C", ISOLINE_CANISTERS: this.path("host.json") };
  agent = this.path("agent/socket");

  constructor() {
    const root = this.path("rootfs");
    for (const name of ["bin", "etc", "proc", "dev", "sys", "tmp"]) mkdirSync(join(root, name), { recursive: true });
    putProgram(spawnSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).stdout.trim(), root, "/bin/busybox");
    for (const name of ["sh", "cat", "sleep", "touch", "mkdir", "rm"]) symlinkSync("busybox", join(root, "bin", name));
    writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    writeFileSync(join(root, "etc/group"), "root:x:0:\n");
    writeFileSync(
      this.path("host.json"),
      JSON.stringify({ contours: this.path("contours"), reports: this.path("reports") }),
    );
    chmodSync(this.path("host.json"), 0o644);
  }

  /** Containers are handed over to the agent from now on. */
  useAgent() {
    this.environment["ISOLINE_AGENT"] = this.agent;
  }

  /** @param {string} name */
  path(name) {
    return join(this.place, name);
  }

  /**
   * A bundle whose container runs a shell command.
   *
   * @param {string} script @param {"seccomp" | "bpf"} sensor @param {string} mode @param {string} contour
   */
  bundle(script, sensor, mode, contour) {
    const directory = this.path(`bundle-${this.#next++}`);
    mkdirSync(directory);
    spawnSync("runc", ["spec"], { cwd: directory });
    const file = join(directory, "config.json");
    const config = JSON.parse(readFileSync(file, "utf8"));
    Object.assign(config.process, { terminal: false, args: ["/bin/sh", "-c", script] });
    const root = { path: this.path("rootfs"), readonly: false };
    const annotations = { sensor, mode, contour };
    Object.assign(config, {
      root,
      annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`dev.isoline.${key}`, value])),
    });
    writeFileSync(file, JSON.stringify(config));
    return directory;
  }

  id() {
    return `t${this.#next++}`;
  }

  /** @param {readonly string[]} args @returns {Result} */
  runc(...args) {
    const { status, stdout, stderr } = spawnSync(`${bin}isoline-runc`, ["--root", this.path("state"), ...args], {
      encoding: "utf8",
      env: this.environment,
      input: "",
      timeout: PATIENCE_MS,
    });
    return { status, stdout, stderr };
  }

  /**
   * Creates a container. Its standard streams are files, because a container keeps them open.
   *
   * @param {string} id @param {string} bundle
   */
  create(id, bundle) {
    const { status } = spawnSync(
      `${bin}isoline-runc`,
      ["--root", this.path("state"), "create", "--bundle", bundle, id],
      {
        env: this.environment,
        stdio: "ignore",
        timeout: PATIENCE_MS,
      },
    );
    return status;
  }

  /**
   * Runs a container to its end.
   *
   * @param {string} script @param {"seccomp" | "bpf"} sensor @param {string} mode @param {string} contour
   */
  run(script, sensor, mode, contour) {
    return this.runc("run", "--bundle", this.bundle(script, sensor, mode, contour), this.id());
  }

  /** The content of a file. @param {string} name */
  read(name) {
    return readFileSync(this.path(name), "utf8");
  }

  /** The report of the last run of a contour. @param {string} contour @returns {Record<string, any>} */
  report(contour) {
    return JSON.parse(this.read(`reports/${contour.replace(/\.contour$/, "")}.json`));
  }

  /** @param {readonly string[]} args */
  isoline(...args) {
    const { status, stdout, stderr } = spawnSync(`${bin}isoline`, args, { encoding: "utf8", env: this.environment });
    return { status, stdout, stderr };
  }

  /** Ends the containers as well: what a failed test leaves would slow all later ones down. */
  close() {
    const runc = (/** @type {string[]} */ ...args) =>
      spawnSync("runc", ["--root", this.path("state"), ...args], { encoding: "utf8", timeout: PATIENCE_MS });
    // There is no output where runc is not installed, and every test is skipped.
    const ids = (runc("list", "--quiet").stdout ?? "").split("\n").filter(Boolean);
    for (const id of ids) runc("delete", "--force", id);
    rmSync(this.place, { recursive: true, force: true });
  }
}
