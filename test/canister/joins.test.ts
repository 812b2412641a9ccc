/**
 * A container that sees the directory of its supervisor's control socket, as one into which the host's /run is mounted. Programs of
 * isoline bring processes into a canister over that socket, and their own threads are not decided about: no process of the container
 * passes for one of them.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, type Result, Workshop } from "./bundle.ts";
import { isCI } from "../support/machine.ts";

const why = missing("runc", "busybox", "gcc");

describe.skipIf(why !== undefined)(`a container at its control socket${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  beforeAll(() => {
    shop = new Workshop();
    const source = fileURLToPath(new URL("./joins.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", shop.path("rootfs/bin/joins"), source, "-lpthread"]);
    for (const name of ["known", "secret"]) writeFileSync(shop.path(`rootfs/etc/${name}`), name);
  });
  afterAll(() => shop?.close());

  const bundle = (mode: string, name: string, ...args: readonly string[]): string => {
    const label = { mode, contour: `${name}.contour`, name };
    const annotations = Object.fromEntries(Object.entries(label).map(([key, value]) => [`dev.isoline.${key}`, value]));
    return shop.bundle("", annotations, (config) => {
      const { process, mounts } = config as unknown as { process: { args: readonly string[] }; mounts: object[] };
      process.args = args;
      mounts.push({ destination: "/run", type: "bind", source: shop.path("run"), options: ["rbind", "ro"] });
    });
  };
  const run = (...of: Parameters<typeof bundle>): Result => shop.runc("run", "--bundle", bundle(...of), shop.id());

  it("does not pass for a caller that brings processes in", () => {
    expect(run("learn", "door", "/bin/joins", "state", "/etc/known")).toMatchObject({
      status: 0,
      stdout: "HTTP/1.1 200 known\n",
    });
    expect(run("enforce", "door", "/bin/joins", "join", "/etc/secret")).toMatchObject({
      status: 0,
      stdout: "HTTP/1.1 403 refused\n",
    });
    const { departures } = shop.report("door.contour");
    expect(departures.find(({ act }) => act.startsWith("open access=read path=/etc/secret "))?.refused).toBe(1);
  });

  it.skipIf(!isCI)("seals its own namespace, and no other's (only in CI)", () => {
    expect(run("learn", "door", "/bin/joins", "seal", "/etc/known").stdout).toBe("HTTP/1.1 200 known\n");
    const id = shop.id();
    expect(shop.create("--bundle", bundle("learn", "door", "/bin/sleep", "60"), id).status).toBe(0);
    expect(shop.runc("start", id).status).toBe(0);
    expect(run("learn", "other", "/bin/joins", "seal", "/etc/known").stdout).toBe("HTTP/1.1 403 known\n");
  });
});
