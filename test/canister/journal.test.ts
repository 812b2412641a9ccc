/** What departed in a container can be asked for while it runs, when it is gone, and when its supervisor was killed. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox");
const STARVED_MS = 60_000;

describe.skipIf(why !== undefined)(
  `the journal of a container${why === undefined ? "" : ` (${why})`}`,
  { timeout: 4 * STARVED_MS },
  () => {
    let shop: Workshop;
    const waits = "until [ -e /go ]; do sleep 0.1; done";
    const label = (mode: string, name: string) => ({
      "dev.isoline.mode": mode,
      "dev.isoline.contour": "a.contour",
      "dev.isoline.name": name,
    });
    const kept = () => shop.path("run/isoline/isoline-kept");

    beforeAll(() => {
      shop = new Workshop();
      assert.equal(shop.run("cat /etc/passwd; sleep 0", "learn", "a.contour").status, 0);
    });
    afterAll(() => shop.close());

    /** Creates and starts a container that goes on after its departure. */
    function start(script: string, name: string): string {
      const id = shop.id();
      assert.equal(shop.create("--bundle", shop.bundle(script, label("enforce", name)), id).status, 0);
      assert.equal(shop.runc("start", id).status, 0);
      return id;
    }

    it("tells what departed when the container has ended, and it can be accepted", () => {
      const bundle = shop.bundle("cat /etc/group; sleep 0", label("enforce", "ends"));
      expect(shop.runc("run", "--bundle", bundle, shop.id()).stdout).toBe("");
      const { status, stdout, stderr } = shop.isoline("departures", "ends");
      expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("/etc/group") });
      expect(stderr).toMatch(/the journal of ends, which began .*: 1 departure, 1 event, all refused/);
      expect(stderr).not.toContain("incomplete");
      const accepted = shop.isoline("accept", shop.path("contours/a.contour"), "ends", "--only", "/etc/group");
      expect(accepted).toMatchObject({ status: 0, stderr: expect.stringContaining("1 departure accepted") });
      expect(shop.run("cat /etc/group; sleep 0", "enforce", "a.contour").stdout).toBe("root:x:0:\n");
    });

    it("tells it while the container runs, and after its supervisor was killed, which it says", async () => {
      const id = start(`echo x > /tmp/mine; sleep 0; ${waits}`, "killed");
      await expect
        .poll(() => shop.isoline("departures", "killed").stdout, { timeout: STARVED_MS })
        .toContain("$TMP/mine");
      await expect.poll(() => existsSync(join(kept(), "killed.journal")), { timeout: STARVED_MS }).toBe(true);
      const supervisor = shop.supervisorOf(id);
      process.kill(supervisor, "SIGKILL");
      await expect.poll(() => existsSync(`/proc/${supervisor}/fd/0`), { timeout: STARVED_MS }).toBe(false);
      const { stdout, stderr } = shop.isoline("departures", "killed");
      expect({ stdout, stderr }).toEqual({
        stdout: expect.stringContaining("$TMP/mine"),
        stderr: expect.stringContaining("incomplete: the journal has no end"),
      });
      shop.runc("delete", "--force", id);
    });

    /** A container to which a directory of the host was given, while only departures are told. */
    function given(source: string, script: string) {
      const mount = { destination: "/host", type: "bind", source, options: ["rbind", "rw"] };
      const bundle = shop.bundle(script, label("check", "inside"), (config) =>
        (config["mounts"] as unknown[]).push(mount),
      );
      return shop.runc("run", "--bundle", bundle, shop.id());
    }
    const forges = (directory: string) =>
      `cat ${directory}/*; ls ${directory}; echo forged > ${directory}/ends.journal; echo tried`;

    it("is out of the container's reach where it was given the directory above", () => {
      const { status, stdout, stderr } = given(shop.path("run"), forges("/host/isoline/isoline-kept"));
      expect({ status, stdout }).toEqual({ status: 0, stdout: "tried\n" });
      expect(stderr).toContain("Operation not permitted");
      expect(readFileSync(join(kept(), "ends.journal"), "utf8")).not.toContain("forged");
    });

    it("is not given to a container at all", () => {
      const { stdout, stderr } = given(kept(), forges("/host"));
      expect(stdout).toBe("");
      expect(stderr).toMatch(/mount.*operation not permitted/);
    });
  },
);
