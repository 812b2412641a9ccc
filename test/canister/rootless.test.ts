/** Containers of ordinary users, run by runc without root: only ids differ, and the contour contains the container's ids. */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Workshop } from "./bundle.ts";

const runtime = fileURLToPath(new URL("../../packages/isoline/bin/isoline-runc", import.meta.url));
const as = (uid: number) => ["--reuid", String(uid), "--regid", String(uid), "--clear-groups"];
const users = [64_444, 65_111] as const;

function obstacle(): string | undefined {
  const absent = missing("runc", "busybox", "setpriv");
  if (absent !== undefined) return absent;
  const reads = spawnSync("setpriv", [...as(users[0]), "test", "-r", runtime]).status === 0;
  const unshares = spawnSync("setpriv", [...as(users[0]), "unshare", "--user", "true"]).status === 0;
  return reads && unshares ? undefined : "needs user namespaces, and a checkout that other users can read";
}

const why = obstacle();

describe.skipIf(why !== undefined)(`a container without root${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  beforeAll(() => {
    shop = new Workshop();
    chmodSync(shop.place, 0o755);
  });
  afterAll(() => shop.close());

  /** Learns in directories of the user; returns the contour. */
  function learn(uid: number): { status: number | null; stdout: string; contour: string } {
    const own = (name: string) => {
      const path = shop.path(`${uid}-${name}`);
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, uid, uid);
      return path;
    };
    const [bundle, state, run] = [own("bundle"), own("state"), own("run")];
    const host = shop.path(`${uid}.json`);
    writeFileSync(host, JSON.stringify({ contours: run, reports: run }));
    spawnSync("setpriv", [...as(uid), "runc", "spec", "--rootless"], { cwd: bundle });
    const file = join(bundle, "config.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as { process: object };
    Object.assign(config.process, { terminal: false, args: ["/bin/sh", "-c", "id; cat /etc/passwd >/dev/null"] });
    const annotations = { "dev.isoline.mode": "learn", "dev.isoline.contour": "own.contour" };
    Object.assign(config, { root: { path: shop.path("rootfs"), readonly: true }, annotations });
    writeFileSync(file, JSON.stringify(config));
    const { status, stdout } = spawnSync(
      "setpriv",
      [...as(uid), runtime, "--root", state, "run", "--bundle", bundle, `u${uid}`],
      { encoding: "utf8", input: "", env: { ...process.env, XDG_RUNTIME_DIR: run, ISOLINE_CANISTERS: host } },
    );
    return { status, stdout, contour: join(run, "own.contour") };
  }

  it("has the same state for another user of another host", () => {
    const [one, other] = [learn(users[0]), learn(users[1])];
    expect(one).toMatchObject({ status: 0, stdout: "uid=0(root) gid=0(root)\n" });
    expect(other).toMatchObject({ status: 0, stdout: "uid=0(root) gid=0(root)\n" });
    expect(readFileSync(one.contour, "utf8")).toContain("path=/etc/passwd");
    expect(shop.isoline("diff", one.contour, other.contour)).toMatchObject({ status: 0, stdout: "" });
  });
});
