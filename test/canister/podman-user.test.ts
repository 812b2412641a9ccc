/** podman of an ordinary user: the calls that it makes to its runtime beyond `run`. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Workshop } from "./bundle.ts";

const runtime = fileURLToPath(new URL("../../packages/isoline/bin/isoline-runc", import.meta.url));
const uid = 64_444;
const as = ["--reuid", String(uid), "--regid", String(uid), "--clear-groups"];

function obstacle(): string | undefined {
  const absent = missing("runc", "busybox", "setpriv", "podman");
  if (absent !== undefined) return absent;
  const reads = spawnSync("setpriv", [...as, "test", "-r", runtime]).status === 0;
  const unshares = spawnSync("setpriv", [...as, "unshare", "--user", "true"]).status === 0;
  return reads && unshares ? undefined : "needs user namespaces, and a checkout that other users can read";
}

/** podman with its own storage, configuration and image (box:1) of the user. */
class UserPodman {
  readonly home: string;
  readonly #run: string;
  readonly #runtime: string;

  constructor(shop: Workshop) {
    this.home = shop.path("podman");
    this.#run = join(this.home, "run");
    this.#runtime = join(this.home, "isoline-runc");
    const host = join(this.home, "host.json");
    for (const directory of [this.home, this.#run]) mkdirSync(directory, { mode: 0o700 });
    writeFileSync(host, JSON.stringify({ contours: this.home, reports: this.home }));
    writeFileSync(this.#runtime, `#!/bin/sh\nISOLINE_CANISTERS=${host} exec ${runtime} "$@"\n`, { mode: 0o755 });
    for (const path of [this.home, this.#run, host, this.#runtime]) chownSync(path, uid, uid);
    const image = spawnSync("tar", ["-C", shop.path("rootfs"), "-c", "."], { maxBuffer: 2 ** 28 }).stdout;
    this.#call(image, ["import", "-q", "-", "box:1"]);
  }

  readonly podman = (...words: readonly string[]) => {
    const { status, stdout, stderr } = this.#call("", words);
    return { status, stdout: stdout.toString(), stderr: stderr.toString() };
  };

  run(mode: string, contour: string, flags: readonly string[], script: string) {
    const label = ["--annotation", `dev.isoline.mode=${mode}`, "--annotation", `dev.isoline.contour=${contour}`];
    return this.podman("run", "--network=none", ...label, ...flags, "box:1", "sh", "-c", script);
  }

  contour(name: string): string {
    return readFileSync(join(this.home, name), "utf8");
  }

  close(): void {
    this.podman("rm", "--all", "--force");
    // podman leaves a process that keeps its user namespace.
    process.kill(Number(readFileSync(join(this.#run, "libpod/tmp/pause.pid"), "utf8")), "SIGKILL");
  }

  #call(input: Buffer | string, words: readonly string[]): SpawnSyncReturns<Buffer> {
    const storage = ["--root", join(this.home, "storage"), "--runroot", join(this.#run, "storage")];
    const how = [
      "--storage-driver=vfs",
      "--cgroup-manager=cgroupfs",
      "--log-level=error",
      `--runtime=${this.#runtime}`,
    ];
    return spawnSync("setpriv", [...as, "podman", ...storage, ...how, ...words], {
      ...{ input, timeout: 60_000, cwd: this.home },
      env: { PATH: process.env["PATH"], HOME: this.home, XDG_RUNTIME_DIR: this.#run },
    });
  }
}

const why = obstacle();
/** What `cat` says, with the error of a departure. */
const REFUSED = expect.stringContaining("cat: can't open '/etc/passwd': Operation not permitted\n") as string;

describe.skipIf(why !== undefined)(`podman without root${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  let user: UserPodman;
  const service = 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done';

  beforeAll(() => {
    shop = new Workshop();
    chmodSync(shop.place, 0o755);
    user = new UserPodman(shop);
  });
  afterAll(() => {
    user.close();
    shop.close();
  });

  it("learns a container, and passes on its exit status", () => {
    const { status, stdout } = user.run("learn", "box.contour", ["--rm"], "cat /etc/group; exit 7");
    expect({ status, stdout }).toEqual({ status: 7, stdout: "root:x:0:\n" });
    expect(user.contour("box.contour")).toContain("path=/etc/group");
    expect(user.contour("box.contour")).not.toContain(user.home);
  });

  it("refuses only what was not learnt", () => {
    const result = user.run("enforce", "box.contour", ["--rm"], "cat /etc/group; cat /etc/passwd; exit 7");
    expect(result).toEqual({ status: 7, stdout: "root:x:0:\n", stderr: REFUSED });
  });

  it("runs with volumes and a terminal", () => {
    mkdirSync(join(user.home, "volume"));
    writeFileSync(join(user.home, "volume/in"), "data\n");
    const flags = ["--rm", "-t", "-v", `${join(user.home, "volume")}:/data:ro`];
    expect(user.run("learn", "volume.contour", flags, "tty; cat /data/in").stdout).toMatch(
      /^\/dev\/pts\/\d+\r\ndata\r\n$/,
    );
  });

  it("runs in the background: exec, logs, stop, and a removal that leaves nothing", () => {
    const { podman } = user;
    expect(user.run("learn", "d.contour", ["-d", "--name", "d"], service).status).toBe(0);
    expect(podman("exec", "d", "sh", "-c", "cat /etc/group; exit 5")).toMatchObject({
      status: 5,
      stdout: "root:x:0:\n",
    });
    expect(podman("logs", "d").stdout).toBe("up\n");
    expect(podman("stop", "-t", "20", "d").status).toBe(0);
    expect(podman("wait", "d").stdout).toBe("3\n");
    expect(podman("rm", "d").status).toBe(0);
    expect(podman("ps", "--all", "--quiet").stdout).toBe("");
    expect(user.contour("d.contour")).toContain("path=/etc/group");
  });

  it("refuses an exec that was never learnt, continues, and is killed by podman kill", () => {
    const { podman } = user;
    expect(user.run("enforce", "d.contour", ["-d", "--name", "e"], service).status).toBe(0);
    expect(podman("exec", "e", "sh", "-c", "cat /etc/passwd")).toMatchObject({ stdout: "", stderr: REFUSED });
    expect(podman("exec", "e", "sh", "-c", "cat /etc/group; exit 5").stdout).toBe("root:x:0:\n");
    expect(podman("kill", "e").status).toBe(0);
    expect(podman("wait", "e").stdout).toBe("137\n");
  });
});
