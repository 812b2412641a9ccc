/**
 * Containers under the bpf sensor attached by tracepoints, where it only gets reports afterwards: natively, on kernels without
 * hooks for BPF. The virtual machines test it where it can refuse (test/vm/guest/containers/canisters.test.mjs).
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attachesByTracepoints } from "../bpf/attachment.ts";
import { missing, Podman, type Result, Workshop } from "./bundle.ts";

const why =
  missing("runc", "busybox") ??
  (attachesByTracepoints ? undefined : "needs a kernel with tracepoints for BPF and no hooks");

/** A loss that cannot be avoided: runc executes itself from memory, and may have ended before that copy is read. */
const unread = "a program ran whose content could not be read";

/** The other losses of a measurement. */
function missed(shop: Workshop, contour: string): unknown {
  return shop.report(contour).incomplete.filter((each) => each.reason !== unread);
}

/** Repeats the attempt if the machine was too busy to read that copy (docs/canisters.md), and removes what was learnt before. */
function whole(shop: Workshop, mode: string, contour: string, attempt: () => Result): Result {
  let result = attempt();
  const isUnread = () => shop.report(contour).incomplete.some((each) => each.reason === unread);
  for (let tries = 1; isUnread() && tries < 5; tries++) {
    if (mode === "learn") rmSync(shop.path(`contours/${contour}`));
    result = attempt();
  }
  return result;
}

/** Acts with process numbers, short-lived names, and what /proc shows of the process itself and of others. */
const acts = [
  "sleep 30 & sleep 0.3; cat /proc/$!/comm; kill -CONT -1; kill -TERM $!; wait",
  "cat /proc/self/comm /proc/$$/comm",
  "mkdir /tmp/d; echo a > /tmp/d/f; mv /tmp/d/f /tmp/d/g; rm -r /tmp/d",
  "sh -c 'kill -USR1 0' &",
  "wait; sh -c 'kill -CONT $PPID'",
].join("\n");

/** The sensor reads a container that ends at once too late on a busy machine: the first attempt may be incomplete. */
const again = { retry: 2 };

/**
 * What differs between two contours, besides what tracepoints do not tell (docs/guarantees/tracepoints.md): newer versions of runc
 * make the container's /proc through the newer mount interface, and hide its files by a descriptor of /dev/null.
 */
function besidesNewMounts({ status, stdout: difference, stderr }: Result): string {
  // Only of contours that could be read and compared: a comparison that fails prints no difference either.
  assert.equal(status, difference === "" ? 0 : 1, stderr);
  const newMounts =
    /^[-+] {3}(changed what is mounted \((fsopen|fsconfig|fsmount|open_tree) .*|mounted \S+ on \/proc\/\S+|opened .* for its path only)\n/gm;
  const rest = difference.replaceAll(newMounts, "");
  const headings = /^(--- .*|\+\+\+ .*|runtime set-up:|[-+] \S.*)\n/gm;
  return rest.replaceAll(headings, "") === "" ? "" : rest;
}

describe.skipIf(why !== undefined)(
  `a container under the bpf sensor${why === undefined ? "" : ` (${why})`}`,
  again,
  () => {
    let shop: Workshop;
    const script = "cat /etc/passwd; exit 7";
    const label = (sensor: string, mode: string, contour: string) => ({
      ...{ "dev.isoline.sensor": sensor, "dev.isoline.mode": mode, "dev.isoline.contour": contour },
    });
    const run = (what: string, annotations: Record<string, string>): Result => {
      const bundle = shop.bundle(what, annotations, (config) => {
        (config["root"] as Record<string, unknown>)["readonly"] = false;
      });
      return shop.runc("run", "--bundle", bundle, shop.id());
    };
    const learn = (what: string, sensor: string, contour: string) =>
      whole(shop, "learn", contour, () => run(what, label(sensor, "learn", contour)));
    const check = (what: string, contour: string) =>
      whole(shop, "check", contour, () => run(what, label("bpf", "check", contour)));
    const refusalOf = ({ status, stdout, stderr }: Result): string =>
      status === 125 && stdout === "" && /^isoline-runc: [^\n]+\n$/.test(stderr)
        ? stderr
        : `${status} ${stdout} ${stderr}`;

    beforeAll(() => {
      shop = new Workshop();
      // The first container creates the directory that the state is kept in.
      run(script, label("seccomp", "learn", "first.contour"));
      learn(script, "bpf", "a.contour");
    });
    afterAll(() => shop.close());

    it.each([
      ["a command", script],
      ["process numbers, names, /proc", acts],
    ])("has the points that it has under the seccomp sensor: %s", (what, commands) => {
      const contours = ["seccomp", "bpf"].map((sensor) => {
        const contour = `${what.replaceAll(/\W+/g, "-")}-${sensor}.contour`;
        learn(commands, sensor, contour);
        expect(shop.report(contour)).toMatchObject({ verdict: "learnt", incomplete: [] });
        return shop.path(`contours/${contour}`);
      });
      expect(besidesNewMounts(shop.isoline("diff", ...contours))).toBe("");
    });

    it("is on its contour the next time, under another id", () => {
      expect(check(script, "a.contour")).toMatchObject({ status: 7, stderr: "" });
      expect(shop.report("a.contour")).toMatchObject({ departures: [], incomplete: [], verdict: "on-contour" });
      expect(shop.report("a.contour")["kernel"]).not.toBe(null);
    });

    it("goes off contour visibly", () => {
      const { stdout, stderr } = check("cat /etc/group; exit 7", "a.contour");
      expect(stdout).toBe("root:x:0:\n");
      expect(stderr).toMatch(/off contour: .*opened \/etc\/group for reading/);
      expect(shop.report("a.contour")).toMatchObject({ verdict: "off-contour" });
    });

    it("does not start if it would have to refuse, and the message says what to do", () => {
      const refusal = refusalOf(run("echo on", label("bpf", "enforce", "a.contour")));
      expect(refusal).toMatch(/only tracepoints.*a canister's sensor is said by dev\.isoline\.sensor/);
    });

    it("is created, started, joined by exec, killed and deleted", () => {
      const id = shop.id();
      expect(shop.create("--bundle", shop.bundle("sleep 60", label("bpf", "learn", "long.contour")), id).status).toBe(
        0,
      );
      expect(shop.runc("start", id).status).toBe(0);
      expect(shop.isoline("ps").stdout).toContain(id);
      const joined = shop.runc("exec", id, "/bin/sh", "-c", "cat /etc/group; kill -0 1; exit 5");
      expect(joined).toMatchObject({ status: 5, stdout: "root:x:0:\n", stderr: "" });
      expect(shop.runc("kill", id, "KILL").status).toBe(0);
      expect(shop.runc("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
      expect(readFileSync(shop.path("contours/long.contour"), "utf8")).toContain("open access=read path=/etc/group");
      expect(missed(shop, "long.contour")).toEqual([]);
      expect(shop.isoline("ps").stdout).not.toContain(id);
      expect(existsSync(shop.path(`state/${id}`))).toBe(false);
    });

    it("sees what exec brings in, and reports it as off contour", () => {
      const id = shop.id();
      run("cat /etc/passwd; sleep 0", label("bpf", "learn", "host.contour"));
      const bundle = shop.bundle("cat /etc/passwd; sleep 60", label("bpf", "check", "host.contour"));
      expect(shop.create("--bundle", bundle, id).status).toBe(0);
      expect(shop.runc("start", id).status).toBe(0);
      expect(shop.runc("exec", id, "/bin/cat", "/etc/group")).toMatchObject({ status: 0, stdout: "root:x:0:\n" });
      shop.runc("delete", "--force", id);
      const { departures } = shop.report("host.contour");
      expect(departures.map(({ act }) => act).join("\n")).toContain("path=/etc/group");
    });

    it("continues without its supervisor, unseen, and every later call says so", () => {
      const id = shop.id();
      expect(shop.create("--bundle", shop.bundle("sleep 60", label("bpf", "learn", "lost.contour")), id).status).toBe(
        0,
      );
      expect(shop.runc("start", id).status).toBe(0);
      const supervisor = shop.supervisorOf(id);
      process.kill(supervisor, "SIGKILL");
      for (let tries = 0; existsSync(`/proc/${supervisor}/fd/0`) && tries < 1000; tries++) spawnSync("sleep", ["0.01"]);
      expect(shop.runc("exec", id, "/bin/true").stderr).toMatch(/its supervisor .* is gone/);
      // Its threads end one after the other, and it decides as long as one exists.
      const isOrphaned = () => new RegExp(`${id}.*orphaned|orphaned.*${id}`).test(shop.isoline("ps").stdout);
      for (let tries = 0; !isOrphaned() && tries < 50; tries++) spawnSync("sleep", ["0.1"]);
      expect(isOrphaned()).toBe(true);
      const deleted = shop.runc("delete", "--force", id);
      expect(deleted.status).toBe(0);
      expect(deleted.stderr).toMatch(/supervisor died .*from then on acts without a verdict went ahead unrecorded/);
      shop.isoline("unpin");
    });

    it("a file outside its root does not pass for one of the image", () => {
      writeFileSync(shop.path("three"), "of the host\n");
      const bundle = shop.bundle("cat /proc/self/fd/3", label("bpf", "learn", "outside.contour"));
      const result = shop.runcWith([shop.path("three")], "run", "--preserve-fds", "1", "--bundle", bundle, shop.id());
      expect(result.stdout).toBe("of the host\n");
      expect(readFileSync(shop.path("contours/outside.contour"), "utf8")).toMatch(
        /access=read path=\?outside:\S*\/three/,
      );
    });

    describe("is chosen", () => {
      const image = "io.kubernetes.cri.image-name";
      afterAll(() => shop.configure({}));

      it("by the host, for all or for an image, and an annotation may not override it", () => {
        shop.configure({ sensor: "bpf" });
        expect(run(script, { ...label("bpf", "check", "a.contour") }).status).toBe(7);
        const refusal = refusalOf(run("echo on", label("seccomp", "check", "a.contour")));
        expect(refusal).toMatch(
          /has sensor "bpf", the annotation dev\.isoline\.sensor "seccomp"; remove the annotation/,
        );
        shop.configure({
          sensor: "bpf",
          images: [{ image: "box:*", contour: "a.contour", mode: "check", sensor: "seccomp" }],
        });
        expect(run(script, { [image]: "box:1" }).status).toBe(7);
        expect(shop.report("a.contour")["kernel"]).toBe(null);
      });

      it("not by an unknown word, in an annotation or in the host's configuration", () => {
        shop.configure({});
        expect(refusalOf(run("echo on", label("lsm", "check", "a.contour")))).toMatch(
          /expected one of auto, seccomp, bpf/,
        );
        shop.configure({ sensor: "none" });
        expect(refusalOf(run("echo on", label("bpf", "check", "a.contour")))).toMatch(/sensor: expected one of/);
      });

      it("not with an integrity view, and not without root", () => {
        shop.configure({});
        const withIma = { ...label("bpf", "check", "a.contour"), "dev.isoline.ima-policy": "tcb" };
        expect(refusalOf(run("echo on", withIma))).toMatch(/no integrity view \(ima\) under the bpf sensor/);
        const bundle = shop.bundle("echo on", label("bpf", "check", "a.contour"));
        const call = ["--root", shop.path("state"), "run", "--bundle", bundle, shop.id()];
        const rootless = spawnSync("unshare", ["--user", "--map-root-user", shop.runtime, ...call], {
          encoding: "utf8",
        });
        expect(refusalOf(rootless)).toMatch(/expected root of this machine.*dev\.isoline\.sensor=seccomp/);
      });
    });
  },
);

const noPodman = why ?? missing("podman");

describe.skipIf(noPodman !== undefined)(
  `podman with the bpf sensor${noPodman === undefined ? "" : ` (${noPodman})`}`,
  again,
  () => {
    let shop: Workshop;
    let podman: Podman;
    const script = "cat /etc/passwd; id; mkdir /d; echo x > /d/f; rm -r /d; exit 7";
    const by = (sensor: string, ...flags: string[]) => ["--annotation", `dev.isoline.sensor=${sensor}`, ...flags];

    beforeAll(() => {
      // An overlay over an overlay is not allowed: its directories must be on a disk.
      shop = new Workshop({}, "/var/tmp");
      podman = new Podman(shop, "overlay");
      podman.run("learn", "first.contour", by("seccomp"), script);
    });
    afterAll(() => {
      podman.close();
      shop.close();
    });

    it.each<[string, readonly string[], RegExp]>([
      ["on overlay", [], /^$/],
      // Differences of the set-up: the owner of a file in /proc/sys, and a refused change of owner
      // (docs/guarantees/bpf-differences.md).
      ["with ids of its own", ["--uidmap=0:100000:1000", "--gidmap=0:100000:1000"], /^(?![^]*\nworkload:\n)/],
    ])("a container has the points that it has under the seccomp sensor: %s", (_, flags, difference) => {
      const contours = ["seccomp", "bpf"].map((sensor) => {
        const contour = `${sensor}-${flags.length}.contour`;
        expect(podman.run("learn", contour, by(sensor, ...flags), script)).toMatchObject({ status: 7, stderr: "" });
        expect(shop.report(contour)).toMatchObject({ verdict: "learnt", incomplete: [] });
        return contour;
      });
      const compared = shop.isoline("diff", ...contours.map((each) => shop.path(`contours/${each}`)));
      expect(besidesNewMounts(compared)).toMatch(difference);
      const [, learnt = ""] = contours;
      const checked = whole(shop, "check", learnt, () => podman.run("check", learnt, by("bpf", ...flags), script));
      expect(checked).toMatchObject({ status: 7, stderr: "" });
      expect(shop.report(learnt)).toMatchObject({ departures: [], incomplete: [], verdict: "on-contour" });
    });

    it("a container lives on by itself, is joined by exec, and is stopped", () => {
      podman.podman("rm", "--force", "--ignore", "lasting");
      const started = podman.run("learn", "detached.contour", by("bpf", "-d", "--name", "lasting"), "sleep 60");
      expect(started.status).toBe(0);
      expect(podman.podman("exec", "lasting", "cat", "/etc/group")).toMatchObject({ status: 0, stdout: "root:x:0:\n" });
      expect(podman.podman("stop", "-t", "0", "lasting").status).toBe(0);
      expect(podman.podman("rm", "lasting").status).toBe(0);
      expect(missed(shop, "detached.contour")).toEqual([]);
      expect(readFileSync(shop.path("contours/detached.contour"), "utf8")).toContain(
        "open access=read path=/etc/group",
      );
    });
  },
);
