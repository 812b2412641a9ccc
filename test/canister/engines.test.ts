/** Through containerd and Docker: daemons started by the tests run containers with isoline-runc, as these engines do. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, type Result, Workshop } from "./bundle.ts";

const options = { encoding: "utf8", timeout: 60_000, input: "" } as const;
const service = 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done';
const behaviour = "cat /etc/passwd; exit 7";
const learnt = { status: 7, stdout: "root:x:0:0:root:/root:/bin/sh\n" };

function label(mode: string, contour: string): string[] {
  return ["--annotation", `dev.isoline.mode=${mode}`, "--annotation", `dev.isoline.contour=${contour}`];
}

/** A daemon with a socket, ended with the tests. */
class Daemon {
  readonly socket: string;
  readonly #child: ChildProcess;

  constructor(program: string, words: readonly string[], socket: string) {
    this.socket = socket;
    this.#child = spawn(program, words, { stdio: "ignore" });
  }

  async ready(): Promise<void> {
    for (let tries = 0; !existsSync(this.socket) && tries < 600; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
  }

  async close(): Promise<void> {
    const over = new Promise((resolve) => this.#child.once("exit", resolve));
    if (this.#child.exitCode === null && this.#child.kill("SIGTERM")) await over;
  }
}

function containerd(shop: Workshop): Daemon {
  const of = (name: string) => shop.path(`containerd-${name}`);
  const config = `version = 2
root = "${of("root")}"
state = "${of("state")}"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "${of("socket")}"
[ttrpc]
address = "${of("ttrpc")}"
`;
  writeFileSync(shop.path("containerd.toml"), config);
  return new Daemon("containerd", ["--config", shop.path("containerd.toml"), "--log-level=error"], of("socket"));
}

/** The output of a client, in the form of a runtime's result. */
function told(program: string, words: readonly string[], environment: Readonly<Record<string, string>> = {}): Result {
  const { status, stdout, stderr } = spawnSync(program, words, { ...options, env: { ...process.env, ...environment } });
  return { status, stdout, stderr };
}

const withoutContainerd = missing("runc", "busybox", "containerd", "ctr");

describe.skipIf(withoutContainerd !== undefined)(`containerd over isoline-runc (${withoutContainerd ?? "ctr"})`, () => {
  let shop: Workshop;
  let daemon: Daemon;
  const ctr = (...words: readonly string[]) => told("ctr", ["--address", daemon.socket, ...words]);
  const run = (mode: string, contour: string, id: string, script: string, ...flags: readonly string[]) =>
    ctr(
      ...["run", ...flags, "--runc-binary", shop.runtime, ...label(mode, contour)],
      ...["--rootfs", shop.path("rootfs"), id, "/bin/sh", "-c", script],
    );

  /** On a busy machine ctr sometimes does not show what a short container has said, under plain runc too: docs/canisters.md. */
  const shown = (mode: string, id: string): Result => {
    let told = run(mode, "a.contour", id, behaviour, "--rm");
    for (let again = 0; again < 2 && told.status === learnt.status && told.stdout === ""; again++)
      told = run(mode, "a.contour", `${id}-${again}`, behaviour, "--rm");
    return told;
  };

  beforeAll(async () => {
    shop = new Workshop();
    daemon = containerd(shop);
    await daemon.ready();
  });
  afterAll(async () => {
    ctr("task", "rm", "--force", "service");
    await daemon.close();
    shop.close();
  });

  it("learns a container, finds it on its contour, and refuses another behaviour", () => {
    // Twice: what a runtime does varies a little with the load of the machine.
    for (const id of ["a1", "a1b"]) expect(shown("learn", id)).toMatchObject(learnt);
    expect(shown("check", "a2")).toMatchObject(learnt);
    const { verdict, departures } = shop.report("a.contour");
    expect({ verdict, why: departures.map(({ why }) => why) }).toEqual({ verdict: "on-contour", why: [] });
    expect(run("enforce", "a.contour", "a3", "cat /etc/group", "--rm")).toMatchObject({ status: 1, stdout: "" });
    expect(shop.report("a.contour")).toMatchObject({ verdict: "off-contour" });
  });

  it("runs a container in the background: exec, ps, pause, kill, removal", () => {
    expect(run("learn", "d.contour", "service", service, "--detach").status).toBe(0);
    expect(ctr("task", "exec", "--exec-id", "e", "service", "/bin/cat", "/etc/group").stdout).toBe("root:x:0:\n");
    expect(ctr("task", "ps", "service").stdout.trim().split("\n").length).toBeGreaterThan(1);
    expect(ctr("task", "pause", "service").status).toBe(0);
    expect(ctr("task", "ls").stdout).toContain("PAUSED");
    expect(ctr("task", "resume", "service").status).toBe(0);
    expect(ctr("task", "kill", "--signal", "KILL", "service").status).toBe(0);
    ctr("task", "rm", "--force", "service");
    expect(ctr("container", "rm", "service").status).toBe(0);
    expect(readFileSync(shop.path("contours/d.contour"), "utf8")).toContain("path=/etc/group");
    expect(shop.isoline("ps").stdout).not.toContain("service");
  });
});

const withoutDocker = missing("runc", "busybox", "containerd", "dockerd", "docker", "script");

describe.skipIf(withoutDocker !== undefined)(`Docker over isoline-runc (${withoutDocker ?? "docker"})`, () => {
  let shop: Workshop;
  let below: Daemon;
  let daemon: Daemon;
  const docker = (...words: readonly string[]) => told("docker", words, { DOCKER_HOST: `unix://${daemon.socket}` });
  const running = (flags: readonly string[], script: string) => [
    ...["run", "--runtime=isoline", "--network=none", ...flags, "localhost/box:1"],
    ...["/bin/sh", "-c", script],
  ];

  beforeAll(async () => {
    shop = new Workshop();
    below = containerd(shop);
    await below.ready();
    const config = shop.path("daemon.json");
    writeFileSync(config, JSON.stringify({ runtimes: { isoline: { path: shop.runtime } } }));
    const of = (name: string) => shop.path(`docker-${name}`);
    mkdirSync(of("exec"));
    const places = ["--data-root", of("data"), "--exec-root", of("exec"), "--pidfile", of("pid")];
    const network = ["--iptables=false", "--bridge=none"];
    const words = ["--config-file", config, ...places, ...network, "--storage-driver=vfs"];
    const sockets = ["--containerd", below.socket, "--host", `unix://${of("socket")}`];
    daemon = new Daemon("dockerd", [...words, ...sockets], of("socket"));
    await daemon.ready();
    const image = `tar -C ${shop.path("rootfs")} -c . | docker import - localhost/box:1`;
    told("sh", ["-c", image], { DOCKER_HOST: `unix://${daemon.socket}` });
  });
  afterAll(async () => {
    docker("rm", "--force", "service");
    await daemon.close();
    await below.close();
    shop.close();
  });

  it("learns, recognises the image, and refuses another behaviour as the host's configuration says", () => {
    expect(docker(...running(["--rm", ...label("learn", "a.contour")], behaviour))).toMatchObject(learnt);
    shop.configure({ images: [{ image: "localhost/box:*", contour: "a.contour", mode: "enforce" }] });
    expect(docker(...running(["--rm"], behaviour))).toMatchObject(learnt);
    expect(shop.report("a.contour")).toMatchObject({ verdict: "on-contour", image: { names: ["localhost/box:1"] } });
    expect(docker(...running(["--rm"], "cat /etc/group"))).toMatchObject({ status: 1, stdout: "" });
    expect(shop.report("a.contour")).toMatchObject({ verdict: "off-contour" });
    shop.configure({});
    expect(docker(...running(["--rm"], "true")).stderr).toContain('found none for "localhost/box:1"');
  });

  it("runs containers with a terminal, with an init, and in the background", () => {
    const words = running(["--rm", "-it", "--init", ...label("learn", "t.contour")], "'tty; exit 9'");
    const line = ["docker", "--host", `unix://${daemon.socket}`, ...words].join(" ");
    const { status, stdout } = told("script", ["-qec", line, "/dev/null"]);
    expect(stdout).toContain("/dev/pts/0");
    expect(status).toBe(9);
    const flags = ["--detach", "--name", "service", ...label("learn", "d.contour")];
    expect(docker(...running(flags, service)).status).toBe(0);
    expect(docker("exec", "service", "sh", "-c", "cat /etc/group; exit 5")).toMatchObject({
      status: 5,
      stdout: "root:x:0:\n",
    });
    expect(docker("logs", "service").stdout).toBe("up\n");
    expect(docker("stop", "--time", "20", "service").status).toBe(0);
    expect(docker("wait", "service").stdout).toBe("3\n");
    expect(docker("rm", "service").status).toBe(0);
    expect(readFileSync(shop.path("contours/d.contour"), "utf8")).toContain("path=/etc/group");
  });
});
