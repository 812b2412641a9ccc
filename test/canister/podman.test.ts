/** Through podman: what an engine and its users see; and only the image determines the contour. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Podman, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox", "podman", "script");

describe.skipIf(why !== undefined)(`podman over isoline-runc${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  let overlay: Podman;
  let vfs: Podman;
  const behaviour = "id; ls / >/dev/null; touch /tmp/x; cat /etc/passwd /proc/self/status >/dev/null";

  const well = { status: 0, stdout: "uid=0(root) gid=0(root)\n", stderr: "" };

  beforeAll(() => {
    shop = new Workshop();
    overlay = new Podman(shop, "overlay");
    vfs = new Podman(shop, "vfs");
  });
  afterAll(() => {
    overlay.close();
    vfs.close();
    shop.close();
  });

  /** The differences of two contours, and whether there are any. */
  const difference = (one: string, other: string) =>
    shop.isoline("diff", shop.path(`contours/${one}`), shop.path(`contours/${other}`));
  /** Of contours that could be read and compared: a comparison that fails prints no difference either. */
  const equal = { status: 0, stdout: "" };

  it("gives the same state on overlay and vfs, and under another id", () => {
    for (const [podman, contour] of [
      [overlay, "one.contour"],
      [overlay, "two.contour"],
      [vfs, "three.contour"],
    ] as const)
      expect(podman.run("learn", contour, [], behaviour)).toMatchObject(well);
    expect(difference("one.contour", "two.contour")).toMatchObject(equal);
    expect(difference("one.contour", "three.contour")).toMatchObject(equal);
    expect(readFileSync(shop.path("contours/one.contour"), "utf8")).not.toMatch(
      /overlay|isoline-canister-|[0-9a-f]{64}\/(?:merged|userdata)/,
    );
  });

  it("gives the same state whichever ids a user namespace has on the host", () => {
    const mapped = (base: number) => ["--uidmap", `0:${base}:1000`, "--gidmap", `0:${base}:1000`];
    for (const [contour, base] of [
      ["u1.contour", 100_000],
      ["u2.contour", 300_000],
    ] as const)
      expect(overlay.run("learn", contour, mapped(base), behaviour)).toMatchObject(well);
    expect(difference("u1.contour", "u2.contour")).toMatchObject(equal);
  });

  it("has a terminal, volumes and exit codes", () => {
    mkdirSync(shop.path("volume"));
    writeFileSync(shop.path("volume/in"), "data\n");
    const flags = ["-it", "-v", `${shop.path("volume")}:/data`];
    // The container waits for a file: podman never shows what a container prints before podman is attached.
    const script = "read -r go; tty; cat /data/in > /data/out; exit 9";
    const words = overlay.words("learn", "tty.contour", flags, script);
    const { status, stdout } = spawnSync("script", ["-qec", words.join(" "), "/dev/null"], {
      encoding: "utf8",
      input: "go\n",
    });
    expect(stdout).toContain("/dev/pts/0");
    expect(status).toBe(9);
    expect(readFileSync(shop.path("volume/out"), "utf8")).toBe("data\n");
  });

  it("runs in the background: exec, logs, ps, stop, and a removal that leaves nothing", () => {
    const { podman } = overlay;
    const service = 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done';
    expect(overlay.run("learn", "d.contour", ["-d", "--name", "d"], service).status).toBe(0);
    expect(podman("exec", "d", "sh", "-c", "cat /etc/group; exit 5")).toMatchObject({
      status: 5,
      stdout: "root:x:0:\n",
    });
    expect(podman("exec", "-t", "d", "tty").stdout).toContain("/dev/pts/");
    expect(podman("logs", "d").stdout).toBe("up\n");
    expect(shop.isoline("ps").stdout).toContain("localhost/box:1");
    expect(podman("stop", "-t", "20", "d").status).toBe(0);
    expect(podman("wait", "d").stdout).toBe("3\n");
    podman("rm", "-f", "d");
    expect(shop.isoline("ps").stdout).not.toContain("localhost/box:1");
    expect(readFileSync(shop.path("contours/d.contour"), "utf8")).toContain("path=/etc/group");
  });

  it("is killed by podman kill", () => {
    const { podman } = overlay;
    expect(overlay.run("learn", "k.contour", ["-d", "--name", "k"], "while :; do sleep 0.1; done").status).toBe(0);
    expect(podman("kill", "k").status).toBe(0);
    expect(podman("wait", "k").stdout).toBe("137\n");
    podman("rm", "-f", "k");
    expect(shop.report("k.contour")).toMatchObject({ verdict: "learnt", incomplete: [] });
  });

  it("runs with the engine's init, which is a file of the host and not of the image", () => {
    const init = shop.path("init");
    writeFileSync(init, '#!/bin/sh\n[ "$1" = -- ] && shift\n"$@"\n', { mode: 0o755 });
    const flags = ["--init", "--init-path", init];
    expect(overlay.run("learn", "i.contour", flags, "id").status).toBe(0);
    expect(overlay.run("check", "i.contour", flags, "id")).toMatchObject(well);
    expect(shop.report("i.contour")).toMatchObject({ verdict: "on-contour", departures: [] });
    expect(readFileSync(shop.path("contours/i.contour"), "utf8")).toMatch(/exec .*path=\/run\/podman-init/);
  });

  it("refuses an exec that was never learnt, and continues", () => {
    const { podman } = overlay;
    expect(
      overlay.run(
        "enforce",
        "d.contour",
        ["-d", "--name", "e"],
        'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done',
      ).status,
    ).toBe(0);
    const refused = "cat: can't open '/etc/passwd': Operation not permitted\n";
    expect(podman("exec", "e", "sh", "-c", "cat /etc/passwd")).toMatchObject({
      stdout: "",
      stderr: expect.stringContaining(refused) as string,
    });
    expect(podman("exec", "e", "sh", "-c", "cat /etc/group").stdout).toBe("root:x:0:\n");
    podman("stop", "-t", "20", "e");
    expect(podman("wait", "e").stdout).toBe("3\n");
    podman("rm", "-f", "e");
    expect(shop.report("d.contour")).toMatchObject({ verdict: "off-contour" });
  });

  it("recognises the image of a container, and applies the host's configuration of it", () => {
    shop.configure({ images: [{ image: "localhost/box:*", contour: "one.contour", mode: "enforce" }] });
    expect(overlay.podman("run", "--rm", "--network=none", "box:1", "sh", "-c", behaviour).status).toBe(0);
    expect(shop.report("one.contour")).toMatchObject({ verdict: "on-contour", image: { names: ["localhost/box:1"] } });
    shop.configure({});
    const refused = overlay.podman("run", "--rm", "--network=none", "box:1", "true");
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain('found none for "localhost/box:1"');
  });
});
