/** Small containers for the tests: a root file system of busybox, plain bundles for runc, images for podman. */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isInstalled, isRoot } from "../support/machine.ts";
import type { RunReport } from "../../packages/isoline/src/namespace/report.ts";
import { readReport } from "../support/report.ts";

const bin = fileURLToPath(new URL("../../packages/isoline/bin/", import.meta.url));

/** The reason why these tests cannot run on this machine; undefined if they can. */
export function missing(...programs: readonly string[]): string | undefined {
  if (!isRoot) return "needs root";
  const absent = programs.filter((name) => !isInstalled(name));
  return absent.length > 0 ? `needs ${absent.join(", ")}` : undefined;
}

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder for one file of tests: bundles, contours, reports, and an isoline-runc that is configured to use only this folder. */
export class Workshop {
  readonly place: string;
  readonly runtime: string;
  readonly #made: string[] = [];
  #next = 1;

  /** `where` is a directory on disk, for files that /tmp may not hold. */
  constructor(configuration: Readonly<Record<string, unknown>> = {}, where = tmpdir()) {
    this.place = mkdtempSync(join(where, "isoline-canister-"));
    this.runtime = this.path("isoline-runc");
    mkdirSync(this.path("run"), { mode: 0o700 });
    mkdirSync(this.path("contours"));
    this.configure(configuration);
    const setting = `ISOLINE_CANISTERS=${this.path("host.json")} XDG_RUNTIME_DIR=${this.path("run")}`;
    writeFileSync(this.runtime, `#!/bin/sh\n${setting} exec ${bin}isoline-runc "$@"\n`);
    chmodSync(this.runtime, 0o755);
    makeRoot(this.path("rootfs"));
  }

  path(name: string): string {
    return join(this.place, name);
  }

  /** Replaces the host's configuration. */
  configure(configuration: Readonly<Record<string, unknown>>): void {
    const places = { contours: this.path("contours"), reports: this.path("reports") };
    writeFileSync(this.path("host.json"), JSON.stringify({ ...places, ...configuration }), { mode: 0o644 });
  }

  /** A bundle whose container runs a shell command, with these annotations. `change` may alter its configuration further. */
  bundle(
    script: string,
    annotations: Readonly<Record<string, string>> = {},
    change: (config: Record<string, unknown>) => void = () => {},
  ): string {
    const directory = this.path(`bundle-${this.#next++}`);
    mkdirSync(directory);
    spawnSync("runc", ["spec"], { cwd: directory });
    const file = join(directory, "config.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown> & {
      process: Record<string, unknown>;
    };
    Object.assign(config.process, { terminal: false, args: ["/bin/sh", "-c", script] });
    Object.assign(config, { annotations, root: { path: this.path("rootfs") } });
    change(config);
    writeFileSync(file, JSON.stringify(config));
    return directory;
  }

  /** A new name for a container. The container is removed with the workshop. */
  id(): string {
    const id = `t${process.pid}-${this.#next++}`;
    this.#made.push(id);
    return id;
  }

  /** Calls the runtime, with a state directory of the workshop's own. */
  runc(...args: readonly string[]): Result {
    return told(spawnSync(this.runtime, ["--root", this.path("state"), ...args], options));
  }

  /** The same, with these files as descriptors from 3 on. */
  runcWith(files: readonly string[], ...args: readonly string[]): Result {
    const opened = files.map((file) => openSync(file, "r"));
    const stdio = ["ignore", "pipe", "pipe", ...opened] as const;
    const call = spawnSync(this.runtime, ["--root", this.path("state"), ...args], { ...options, stdio: [...stdio] });
    opened.forEach((fd) => closeSync(fd));
    return told(call);
  }

  /** Creates a container. A container keeps its standard streams open, so they are /dev/null. */
  create(...args: readonly string[]): Result {
    const call = spawnSync(this.runtime, ["--root", this.path("state"), "create", ...args], {
      ...options,
      stdio: "ignore",
    });
    return { status: call.status, stdout: "", stderr: "" };
  }

  /** Runs a container to its end, under a contour. */
  run(script: string, mode: string, contour: string): Result {
    const annotations = { "dev.isoline.mode": mode, "dev.isoline.contour": contour };
    return this.runc("run", "--bundle", this.bundle(script, annotations), this.id());
  }

  /** The report of the last run of a contour. */
  report(contour: string): RunReport {
    return readReport(this.path(`reports/${contour.replace(/\.contour$/, "")}.json`));
  }

  /** The supervisor of one of the workshop's own containers, from its own record: other supervisors may be live on the machine. */
  supervisorOf(id: string): number {
    const room = this.path("run/isoline/canisters");
    const record = readdirSync(room).find((name) => name.startsWith(`${id}@`) && name.endsWith(".json"));
    const text = readFileSync(join(room, record ?? "none"), "utf8");
    return (JSON.parse(text) as { supervisor: { pid: number } }).supervisor.pid;
  }

  isoline(...args: readonly string[]): Result {
    return told(
      spawnSync(`${bin}isoline`, args, { ...options, env: { ...process.env, XDG_RUNTIME_DIR: this.path("run") } }),
    );
  }

  /** The host's configuration of an image. */
  inspect(image: string): Result {
    const env = { ...process.env, XDG_RUNTIME_DIR: this.path("run"), ISOLINE_CANISTERS: this.path("host.json") };
    return told(spawnSync(`${bin}isoline`, ["inspect", image], { ...options, env }));
  }

  close(): void {
    for (const id of this.#made) if (existsSync(this.path(`state/${id}`))) this.runc("delete", "--force", id);
    rmSync(this.place, { recursive: true, force: true });
  }
}

/** podman with its own storage, which has one image: box:1. */
export class Podman {
  readonly #shop: Workshop;
  readonly #driver: string;

  constructor(shop: Workshop, driver: "overlay" | "vfs") {
    this.#shop = shop;
    this.#driver = driver;
    const words = this.#words("import", "-q", "-", "box:1").join(" ");
    spawnSync("sh", ["-c", `tar -C ${shop.path("rootfs")} -c . | ${words}`]);
  }

  readonly podman = (...args: readonly string[]): Result => {
    const [program = "", ...rest] = this.#words(...args);
    return told(spawnSync(program, rest, options));
  };

  /** Runs a shell command in a container under a contour. */
  run(mode: string, contour: string, flags: readonly string[], script: string): Result {
    return this.podman(...this.#running(mode, contour, flags), script);
  }

  /** The same, as words for a shell. */
  words(mode: string, contour: string, flags: readonly string[], script: string): string[] {
    return this.#words(...this.#running(mode, contour, flags), `'${script}'`);
  }

  close(): void {
    this.podman("rm", "--all", "--force");
    spawnSync("umount", ["-l", this.#shop.path(`${this.#driver}/overlay`)]);
  }

  #running(mode: string, contour: string, flags: readonly string[]): string[] {
    const label = ["--annotation", `dev.isoline.mode=${mode}`, "--annotation", `dev.isoline.contour=${contour}`];
    const kept = flags.includes("-d") ? [] : ["--rm"];
    return ["run", ...kept, "--network=none", ...label, ...flags, "box:1", "sh", "-c"];
  }

  #words(...args: readonly string[]): string[] {
    const storage = ["--root", this.#shop.path(this.#driver), "--runroot", this.#shop.path(`${this.#driver}-run`)];
    const how = [`--storage-driver=${this.#driver}`, "--cgroup-manager=cgroupfs", "--log-level=error"];
    return [
      "env",
      "PODMAN_IGNORE_CGROUPSV1_WARNING=1",
      "podman",
      ...storage,
      ...how,
      `--runtime=${this.#shop.runtime}`,
      ...args,
    ];
  }
}

const options = { encoding: "utf8", timeout: 60_000, input: "" } as const;

function told({ status, stdout, stderr }: SpawnSyncReturns<string>): Result {
  return { status, stdout, stderr };
}

/** busybox, the libraries it may need, and the files that name users and groups. */
function makeRoot(root: string): void {
  for (const directory of ["bin", "etc", "proc", "dev", "sys", "tmp", "root", "run"])
    mkdirSync(join(root, directory), { recursive: true });
  const busybox = spawnSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).stdout.trim();
  putProgram(root, busybox, "/bin/busybox");
  for (const name of [
    "sh",
    "cat",
    "ls",
    "echo",
    "sleep",
    "id",
    "touch",
    "true",
    "tty",
    "stat",
    "nc",
    "mkdir",
    "mv",
    "rm",
    "kill",
  ])
    symlinkSync("busybox", join(root, "bin", name));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\n");
}

/** A program of this machine with the libraries that it is linked to. */
function putProgram(root: string, program: string, as: string): void {
  const libraries = spawnSync("ldd", [program], { encoding: "utf8" }).stdout ?? "";
  const files = [...libraries.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] as string);
  for (const [from, to] of [[program, as], ...files.map((file) => [file, file])] as [string, string][]) {
    mkdirSync(join(root, dirname(to)), { recursive: true });
    cpSync(from, join(root, to), { dereference: true });
  }
}
