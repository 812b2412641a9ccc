/** isoline-runc in the place of runc: plain bundles, and what the callers of a runtime see. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox");

describe.skipIf(why !== undefined)(`a container of isoline-runc${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  const script = "cat /etc/passwd; exit 7";

  beforeAll(() => {
    shop = new Workshop();
    shop.run(script, "learn", "a.contour");
  });
  afterAll(() => shop.close());

  it("runs as under runc, and its contour contains runtime and workload", () => {
    const learnt = shop.run(script, "learn", "b.contour");
    expect(learnt).toMatchObject({ status: 7, stdout: "root:x:0:0:root:/root:/bin/sh\n" });
    const text = readFileSync(shop.path("contours/b.contour"), "utf8");
    expect(text).toMatch(/pivot path=\$ROOTFS/);
    expect(text).toMatch(/open access=read path=\/etc\/passwd/);
  });

  it("is on its contour the next time, under another id", () => {
    expect(shop.run(script, "check", "a.contour").status).toBe(7);
    expect(shop.report("a.contour")).toMatchObject({ departures: [], incomplete: [], verdict: "on-contour" });
  });

  it("has the same state whether or not it is the first on its host", () => {
    const host = new Workshop();
    const parent = `isoline-test-${process.pid}`;
    const groups = () => hierarchies().map((mount) => join(mount, parent));
    const learn = (contour: string) => {
      const id = host.id();
      const annotations = { "dev.isoline.mode": "learn", "dev.isoline.contour": contour };
      const bundle = host.bundle("id", annotations, ({ linux }) =>
        Object.assign(linux as object, { cgroupsPath: `/${parent}/${id}` }),
      );
      expect(host.runc("run", "--bundle", bundle, id)).toMatchObject({ status: 0, stderr: "" });
    };
    try {
      expect(existsSync(host.path("state"))).toBe(false);
      expect(groups().filter((group) => existsSync(group))).toEqual([]);
      learn("first.contour");
      learn("second.contour");
      const [first, second] = ["first", "second"].map((name) => host.path(`contours/${name}.contour`));
      expect(host.isoline("diff", first ?? "", second ?? "")).toMatchObject({ status: 0, stdout: "" });
      expect(readFileSync(first ?? "", "utf8")).toMatch(new RegExp(`mkdir.*/${parent}/\\{@id\\}`));
    } finally {
      for (const group of groups()) if (existsSync(group)) rmdirSync(group);
      host.close();
    }
  });

  it("goes off contour visibly, and is refused when enforced", () => {
    expect(shop.run("cat /etc/group; exit 7", "check", "a.contour").stdout).toBe("root:x:0:\n");
    expect(shop.report("a.contour")).toMatchObject({ verdict: "off-contour" });
    const refused = shop.run("cat /etc/group; exit 7", "enforce", "a.contour");
    expect(refused).toMatchObject({ status: 7, stdout: "" });
    expect(refused.stderr).toMatch(/^isoline-runc: refused, off contour: .* opened \/etc\/group /m);
    expect(shop.report("a.contour")).toMatchObject({ verdict: "off-contour", off: 1, refused: 1, incomplete: [] });
  });

  it("ends where its runtime is refused a step of the set-up, and names that step", () => {
    const annotations = { "dev.isoline.mode": "enforce", "dev.isoline.contour": "a.contour" };
    // The runtime itself executes it, while the container's first process waits.
    const withHook = (config: Record<string, unknown>) =>
      Object.assign(config, { hooks: { createRuntime: [{ path: "/bin/true" }] } });
    const bundle = shop.bundle(script, annotations, withHook);
    const { status, stdout, stderr } = shop.runc("run", "--bundle", bundle, shop.id());
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/\/true/);
  });

  it("is created, started, joined by exec, killed and deleted", () => {
    const id = shop.id();
    const annotations = { "dev.isoline.mode": "learn", "dev.isoline.contour": "long.contour" };
    const bundle = shop.bundle("sleep 60", annotations);
    const pidFile = shop.path("pid");
    expect(shop.create("--bundle", bundle, "--pid-file", pidFile, id).status).toBe(0);
    expect(Number(readFileSync(pidFile, "utf8"))).toBeGreaterThan(1);
    expect(shop.runc("start", id).status).toBe(0);
    expect(shop.isoline("ps").stdout).toContain(id);
    expect(shop.runc("exec", id, "/bin/sh", "-c", "cat /etc/group; exit 5")).toMatchObject({
      status: 5,
      stdout: "root:x:0:\n",
    });
    expect(shop.runc("kill", id, "KILL").status).toBe(0);
    expect(shop.runc("delete", "--force", id).status).toBe(0);
    expect(readFileSync(shop.path("contours/long.contour"), "utf8")).toContain("path=/etc/group");
    expect(shop.isoline("ps").stdout).not.toContain(id);
    expect(existsSync(shop.path(`state/${id}`))).toBe(false);
  });

  it("says that an exec which was never learnt was refused, where the reason is, and takes it once it is learnt", () => {
    const started = (mode: string) => {
      const id = shop.id();
      const bundle = shop.bundle("sleep 60", { "dev.isoline.mode": mode, "dev.isoline.contour": "exec.contour" });
      expect(shop.create("--bundle", bundle, id).status).toBe(0);
      expect(shop.runc("start", id).status).toBe(0);
      return id;
    };
    const passwd = (id: string) => shop.runc("exec", id, "/bin/cat", "/etc/passwd");
    shop.runc("delete", "--force", started("learn"));
    const refusing = started("enforce");
    const refused = passwd(refusing);
    expect(refused.stdout).toBe("");
    expect(refused.stderr).toContain(`refused in ${refusing} meanwhile: isoline departures ${refusing}`);
    expect(refused.stderr).toContain("what an exec does must be learnt");
    expect(shop.isoline("departures", refusing).stdout).toContain("state.json");
    expect(shop.isoline("departures", "web").stderr).toContain("the first twelve digits of its id");
    shop.runc("delete", "--force", refusing);
    const learning = started("learn");
    expect(passwd(learning).status).toBe(0);
    shop.runc("delete", "--force", learning);
    const taking = started("enforce");
    expect(passwd(taking)).toEqual({ status: 0, stdout: "root:x:0:0:root:/root:/bin/sh\n", stderr: "" });
    // One that fails by itself is no refusal.
    expect(shop.runc("exec", taking, "/bin/cat", "/etc/passwd", "/none").stderr).not.toContain("isoline-runc: exec:");
  });

  it("gets the descriptors that are to be preserved, and no others", () => {
    const annotations = { "dev.isoline.mode": "learn", "dev.isoline.contour": "fds.contour" };
    for (const [name, text] of Object.entries({ three: "from three", four: "from four" }))
      writeFileSync(shop.path(name), `${text}\n`);
    const bundle = shop.bundle("cat <&3; cat <&4", annotations);
    const files = [shop.path("three"), shop.path("four")];
    const result = shop.runcWith(files, "run", "--preserve-fds", "1", "--bundle", bundle, shop.id());
    expect(result.stdout).toBe("from three\n");
    expect(result.stderr).toMatch(/4.*: Bad file descriptor/);
  });

  it("merges into one contour what several containers learn at the same time", () => {
    const annotations = { "dev.isoline.mode": "learn", "dev.isoline.contour": "shared.contour" };
    const ids = ["cat /etc/passwd", "cat /etc/group"].map((behaviour) => {
      const id = shop.id();
      expect(shop.create("--bundle", shop.bundle(behaviour, annotations), id).status).toBe(0);
      return id;
    });
    for (const id of ids) expect(shop.runc("start", id).status).toBe(0);
    for (const id of ids) shop.runc("delete", "--force", id);
    const text = readFileSync(shop.path("contours/shared.contour"), "utf8");
    expect(text).toContain("path=/etc/passwd");
    expect(text).toContain("path=/etc/group");
  });

  it("runs its hooks inside, also those that start containers", () => {
    const id = shop.id();
    const annotations = { "dev.isoline.mode": "learn", "dev.isoline.contour": "hooks.contour" };
    const hook = (name: string) => [{ path: "/bin/sh", args: ["sh", "-c", `: < ${shop.path(name)}`] }];
    for (const name of ["before", "after"]) writeFileSync(shop.path(name), "");
    const bundle = shop.bundle("sleep 60", annotations, (config) => {
      config["hooks"] = { createRuntime: hook("before"), poststart: hook("after") };
    });
    expect(shop.create("--bundle", bundle, id).status).toBe(0);
    expect(shop.runc("start", id)).toMatchObject({ status: 0, stderr: "" });
    shop.runc("delete", "--force", id);
    const text = readFileSync(shop.path("contours/hooks.contour"), "utf8");
    expect(text).toMatch(/open access=read path=\$HOST\S*\/before/);
    expect(text).toMatch(/open access=read path=\$HOST\S*\/after/);
  });

  it("fails closed when its supervisor dies, and every later call says so", async () => {
    const id = shop.id();
    const volume = shop.path("volume");
    mkdirSync(volume);
    const annotations = { "dev.isoline.mode": "learn", "dev.isoline.contour": "lost.contour" };
    const script = "while :; do sleep 0.1; echo x >> /tmp/alive; done";
    const bundle = shop.bundle(script, annotations, (config) => {
      const mounts = config["mounts"] as unknown[];
      mounts.push({ destination: "/tmp", type: "bind", source: volume, options: ["bind", "rw"] });
    });
    expect(shop.create("--bundle", bundle, id).status).toBe(0);
    expect(shop.runc("start", id).status).toBe(0);
    const alive = join(volume, "alive");
    await expect.poll(() => existsSync(alive)).toBe(true);
    process.kill(shop.supervisorOf(id), "SIGKILL");
    expect(shop.runc("exec", id, "/bin/true").stderr).toMatch(/its supervisor .* is gone/);
    const before = readFileSync(alive, "utf8");
    // Five more lines would have been written meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(readFileSync(alive, "utf8")).toBe(before);
    const deleted = shop.runc("delete", "--force", id);
    expect(deleted.status).toBe(0);
    expect(deleted.stderr).toMatch(/supervisor died/);
    expect(existsSync(shop.path("contours/lost.contour"))).toBe(false);
  });
});

/** The mount point of control groups. */
function hierarchies(): string[] {
  return readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .flatMap((line) => /^\S+ (\S+) cgroup2? /.exec(line)?.[1] ?? []);
}
