/**
 * Images as an attacker, or a careless builder, would make them. The contour records what is odd in them as it is. What cannot
 * be resolved is reported, and refused when enforcing. An image that was altered in a way that no path shows is refused.
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Podman, type Result, Workshop } from "./bundle.ts";
import { isCI } from "../support/machine.ts";

const why = missing("runc", "busybox", "gcc");
const FILES = 10_000;

/** Creates a directory deeper than a path can name (with `make`), descends into it, opens a file there and executes a program. */
const diver = `
#include <fcntl.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/stat.h>
int main(int argc, char **argv) {
  char name[201]; int make = argc > 2, fd;
  if (!strcmp(argv[1], "stray")) {
    char text[7] = "none"; int fd;
    if (chdir("/odd/out") || chroot("/odd/jail")) return 4;
    if ((fd = open("file", O_RDONLY)) >= 0) read(fd, text, 6);
    printf("%s\\n", text); return 0;
  }
  memset(name, 'd', 200); name[200] = 0;
  if (!strcmp(argv[1], "near")) {
    char path[4096] = "", text[5] = "none"; int fd;
    if (chdir("/deep")) return 5;
    for (int i = 0; i < 20; i++) { if (chdir(name)) return 6; strcat(path, name); strcat(path, "/"); }
    if ((fd = open(strcat(path, "deep"), O_RDONLY)) >= 0) read(fd, text, 4);
    printf("%s\\n", text); return 0;
  }
  if (chdir(argv[1])) return 2;
  for (int i = 0; i < 40; i++) { if (make) mkdir(name, 0755); if (chdir(name)) return 3; }
  if (make) return execl("/bin/sh", "sh", "-c", "echo deep >deep; cp \\"$0\\" prog", argv[2], (char *)0);
  fd = open("deep", O_RDONLY); char text[5] = "none";
  if (fd >= 0) read(fd, text, 4);
  printf("%s\\n", text); fflush(stdout);
  fd = open("new", O_CREAT | O_WRONLY, 0600);
  printf("%d", fd < 0); printf("%d", mkdir("made", 0700) < 0); printf("%d", rename("made", "moved") < 0);
  printf("%d", unlink("new") < 0); printf("%d\\n", rmdir("moved") < 0); fflush(stdout);
  execl("./prog", "true", (char *)0);
  puts("refused"); return 0;
}`;

describe.skipIf(!isCI || why !== undefined)(`hostile images (only in CI${why === undefined ? "" : `, ${why}`})`, () => {
  let shop: Workshop;
  const shell = (script: string): Result => {
    const { status, stdout, stderr } = spawnSync("sh", ["-euc", script], {
      cwd: shop.path("rootfs"),
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };
  const made = (script: string) =>
    expect(shell(`mkdir -p odd; cd odd; ${script}`)).toMatchObject({ status: 0, stderr: "" });
  const contour = (name: string) => readFileSync(shop.path(`contours/${name}`), "utf8");
  const learnt = (script: string, name: string): Result => {
    const result = shop.run(script, "learn", name);
    expect(shop.report(name)).toMatchObject({ verdict: "learnt", incomplete: [] });
    return result;
  };
  const lastOf = (name: string) => shop.report(name) as { readonly verdict: string; readonly off: number };
  const departuresOf = (name: string) => shop.report(name).departures.map(({ act }) => act);

  beforeAll(() => {
    shop = new Workshop();
    writeFileSync(shop.path("diver.c"), diver);
    spawnSync("gcc", ["-static", "-o", shop.path("rootfs/bin/diver"), shop.path("diver.c")]);
  });
  afterAll(() => {
    // Node cannot remove a file below a path that is too long.
    spawnSync("rm", ["-rf", shop.path("rootfs/odd"), shop.path("rootfs/deep")]);
    shop.close();
  });

  it("names of any bytes are one line each, and stay unchanged", () => {
    made(`printf one >"$(printf 'new\\nline')"; printf two >"$(printf 'by\\377te')"; printf '\\033[31m' >"$(printf 'e\\033[2Jsc')"
      printf '#!/bin/sh\\necho script\\n' >"$(printf 'sc\\nript')"; chmod 755 sc*`);
    const script = `cd /odd; cat "$(printf 'new\\nline')" "$(printf 'by\\377te')"; cat "$(printf 'e\\033[2Jsc')" >/dev/null; "./$(printf 'sc\\nript')"`;
    expect(learnt(script, "names.contour").stdout).toBe("onetwoscript\n");
    const text = contour("names.contour");
    for (const path of ["new\\x0aline", "by\\xffte", "e\\x1b[2Jsc"]) expect(text).toContain(` path=/odd/${path} `);
    expect(text).not.toMatch(/[^\x0a\x20-\x7e]/);
    expect(shop.run(script, "enforce", "names.contour")).toMatchObject({ status: 0, stdout: "onetwoscript\n" });
    made(`printf two >"$(printf 'by\\376te')"`);
    expect(shop.run(`cat "$(printf '/odd/by\\376te')"`, "enforce", "names.contour").stdout).toBe("");
    expect(lastOf("names.contour")).toMatchObject({ verdict: "off-contour" });
  });

  it("paths too long for the kernel to report are lost, and refused when enforcing", () => {
    expect(shell(`mkdir deep; bin/diver "$PWD/deep" "$PWD/bin/busybox"`).status).toBe(0);
    expect(shop.run("diver /deep", "learn", "deep.contour")).toMatchObject({ status: 0, stdout: "deep\n00000\n" });
    expect(shop.report("deep.contour")).toMatchObject({
      incomplete: [{ reason: "path not resolved (path-too-long)" }],
    });
    expect(contour("deep.contour")).toMatch(/\n {2}exec path=\?path-too-long /);
    for (const op of ["create", "mkdir", "rename", "unlink", "rmdir"])
      expect(contour("deep.contour")).toMatch(new RegExp(`\\n {2}${op} .*path=\\?path-too-long `));
    expect(shop.run("diver /deep", "enforce", "deep.contour").stdout).toBe("none\n11111\nrefused\n");
    expect(lastOf("deep.contour").verdict).not.toBe("on-contour");
    // Each part of the path is short enough.
    expect(shop.run("diver near", "learn", "near.contour").stdout).toBe("deep\n");
    expect(contour("near.contour")).toMatch(/\n {2}open access=read path=\?path-too-long /);
    expect(shop.run("diver near", "enforce", "near.contour").stdout).toBe("none\n");
  });

  it("a file outside a changed root does not pass for a file made to look like it inside", () => {
    made("mkdir -p out jail/odd/out; printf secret >out/file; printf decoy >jail/odd/out/file");
    const strays = (mode: string) =>
      shop.runc(
        "run",
        "--bundle",
        shop.bundle("diver stray", { "dev.isoline.mode": mode, "dev.isoline.contour": "stray.contour" }, (config) => {
          const { capabilities } = config["process"] as { capabilities: Record<string, string[]> };
          for (const kind of ["bounding", "effective", "permitted"]) capabilities[kind]?.push("CAP_SYS_CHROOT");
        }),
        shop.id(),
      );
    expect(strays("learn")).toMatchObject({ status: 0, stdout: "secret\n" });
    expect(contour("stray.contour")).toMatch(/ path=\?outside:\/odd\/out\/file /);
    expect(strays("enforce")).toMatchObject({ status: 0, stdout: "secret\n" });
  });

  it("a program that is mostly a hole is neither hashed for hours nor mistaken for another", () => {
    // busybox takes its command from the name of its file.
    made(
      "mkdir hole; cp ../bin/busybox hole/echo; cp ../bin/busybox huge; truncate -s 2M hole/echo; truncate -s 1T huge",
    );
    const script = "/odd/hole/echo hi";
    expect(learnt(script, "hole.contour")).toMatchObject({ status: 0, stdout: "hi\n" });
    expect(contour("hole.contour")).toMatch(/\n {2}exec path=\/odd\/hole\/echo .* digest=\S/);
    expect(shop.run(script, "enforce", "hole.contour")).toMatchObject({ status: 0, stdout: "hi\n" });
    expect(lastOf("hole.contour")).toMatchObject({ verdict: "on-contour" });
    made("printf x | dd of=hole/echo bs=1 seek=2000000 conv=notrunc 2>/dev/null");
    expect(shop.run(script, "enforce", "hole.contour").stdout).toBe("");
    expect(lastOf("hole.contour")).toMatchObject({ verdict: "off-contour" });
    made("cp ../bin/busybox hole/echo; truncate -s 2M hole/echo");
    expect(shop.run(script, "enforce", "hole.contour")).toMatchObject({ status: 0, stdout: "hi\n" });
    made("truncate -s 1T hole/echo");
    expect(shop.run(script, "enforce", "hole.contour").stdout).toBe("");
    expect(lastOf("hole.contour")).toMatchObject({ verdict: "off-contour" });
    // A program that is too large to hash is identified by its path alone, and its line has no digest.
    learnt("/odd/huge true || true", "huge.contour");
    expect(contour("huge.contour")).toMatch(/\n {2}exec path=\/odd\/huge mode=0100755 uid=0 gid=0 fs=disk loader=/);
  });

  it("hard links are files of their own name, and share what is written into them", () => {
    made("cp ../bin/busybox first; ln first echo; printf data >plain; ln plain linked");
    const script = "/odd/echo hi; cat /odd/linked";
    expect(learnt(script, "links.contour").stdout).toBe("hi\ndata");
    expect(contour("links.contour")).toContain(" path=/odd/linked ");
    expect(contour("links.contour")).not.toContain("/odd/first");
    made("printf x >>first");
    expect(shop.run(script, "enforce", "links.contour").stdout).not.toContain("hi");
    expect(lastOf("links.contour")).toMatchObject({ verdict: "off-contour" });
  });

  it("a set-user-ID bit, or a device in a file's place, is off contour", () => {
    made("cp ../bin/busybox true; printf data >file");
    const script = "/odd/true; busybox head -c 4 /odd/file | busybox wc -c";
    expect(learnt(script, "modes.contour").stdout).toBe("4\n");
    expect(shop.run(script, "enforce", "modes.contour").stdout).toBe("4\n");
    expect(lastOf("modes.contour")).toMatchObject({ verdict: "on-contour" });
    made("chmod 4755 true");
    expect(shop.run(script, "enforce", "modes.contour").stdout).toBe("4\n");
    expect(departuresOf("modes.contour")).toEqual([expect.stringMatching(/^exec path=\/odd\/true mode=0104755 /)]);
    const opened = (mode: string) => [expect.stringMatching(`^open access=read path=/odd/file mode=${mode} `)];
    made("chmod 755 true; rm file; mknod file c 1 5; chmod 644 file");
    expect(shop.run(script, "enforce", "modes.contour").stdout).toBe("0\n");
    expect(departuresOf("modes.contour")).toEqual(opened("020644"));
    made("rm file; mkfifo file; chmod 644 file");
    // A FIFO with a writer and data is read like a file. Otherwise to open it would wait.
    const fifo = openSync(shop.path("rootfs/odd/file"), constants.O_RDWR);
    writeSync(fifo, "data");
    expect(shop.run(script, "enforce", "modes.contour").stdout).toBe("0\n");
    closeSync(fifo);
    expect(departuresOf("modes.contour")).toEqual(opened("010644"));
  });

  it(`${FILES} files are all in the contour, and one more is not`, () => {
    made(`mkdir many; cd many; seq ${FILES} | xargs touch`);
    const script = "cd /odd/many; for f in *; do : <$f; done; echo done";
    expect(learnt(script, "many.contour").stdout).toBe("done\n");
    expect(contour("many.contour").match(/ path=\/odd\/many\/\d+ /g)).toHaveLength(FILES);
    made("cd many; mv 7 seven");
    shop.run(script, "enforce", "many.contour");
    expect(lastOf("many.contour")).toMatchObject({ verdict: "off-contour", off: 1 });
  });
});

const whyNot = missing("runc", "busybox", "podman");

describe.skipIf(whyNot !== undefined)(`layers${whyNot === undefined ? "" : ` (${whyNot})`}`, () => {
  it("a file removed by a layer is absent, and a replaced file counts with its new content", () => {
    const shop = new Workshop();
    const overlay = new Podman(shop, "overlay");
    try {
      const flags = ["--name", "w"];
      const label = ["--annotation", "dev.isoline.mode=learn", "--annotation", "dev.isoline.contour=layer.contour"];
      const change =
        "set -e; busybox rm /etc/group; busybox rm -r /root; busybox mkdir /root; echo new >/etc/passwd; busybox ln /etc/passwd /etc/linked";
      const { podman } = overlay;
      expect(podman("run", "--network=none", ...label, ...flags, "box:1", "sh", "-c", change).status).toBe(0);
      expect(podman("commit", "-q", "w", "box:2").status).toBe(0);
      const run = (mode: string, script: string) =>
        podman(
          "run",
          "--rm",
          "--network=none",
          "--annotation",
          `dev.isoline.mode=${mode}`,
          "--annotation",
          "dev.isoline.contour=two.contour",
          "box:2",
          "sh",
          "-c",
          script,
        );
      const script = "cat /etc/group 2>/dev/null; cat /etc/passwd /etc/linked; ls /root";
      expect(run("learn", script)).toMatchObject({ status: 0, stdout: "new\nnew\n" });
      expect(run("enforce", script)).toMatchObject({ status: 0, stdout: "new\nnew\n" });
      expect(shop.report("two.contour")).toMatchObject({ verdict: "on-contour" });
      const text = readFileSync(shop.path("contours/two.contour"), "utf8");
      expect(text).toContain(" path=/etc/linked ");
      expect(text).not.toMatch(/path=\/etc\/group |\/diff\/|\.wh\./);
    } finally {
      overlay.close();
      shop.close();
    }
  });
});
