/** A container whose supervisor cannot be reached is stopped, and reported all the same. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox");
const LIMIT_MS = 300_000;

describe.skipIf(why !== undefined)(
  `a container whose name is that of a live namespace${why === undefined ? "" : ` (${why})`}`,
  { timeout: LIMIT_MS },
  () => {
    let shop: Workshop;
    let other: Server;
    const script = "cat /etc/passwd; sleep 1000";
    const label = { "dev.isoline.mode": "check", "dev.isoline.contour": "a.contour", "dev.isoline.name": "taken" };

    beforeAll(async () => {
      shop = new Workshop();
      assert.equal(shop.run("cat /etc/passwd; sleep 0", "learn", "a.contour").status, 0);
      mkdirSync(shop.path("run/isoline"), { recursive: true, mode: 0o700 });
      other = createServer().listen(join(shop.path("run/isoline"), "taken.sock"));
      await new Promise((resolve) => other.once("listening", resolve));
      rmSync(shop.path("reports"), { recursive: true });
    }, LIMIT_MS);
    afterAll(() => {
      other.close();
      shop.close();
    });

    it("is stopped where its call waits for its end, and its report is written", () => {
      const { status, stderr } = shop.runc("run", "--bundle", shop.bundle(script, label), shop.id());
      expect(status).toBe(125);
      expect(stderr).toMatch(/taken\.sock is there already; choose another --name; the container is stopped/);
      expect(shop.report("a.contour")).toMatchObject({ mode: "watch" });
    });

    it("is stopped where its call only creates it, which fails", async () => {
      rmSync(shop.path("reports"), { recursive: true, force: true });
      expect(shop.create("--bundle", shop.bundle(script, label), shop.id()).status).toBe(125);
      await expect.poll(() => existsSync(shop.path("reports/a.json"))).toBe(true);
    });
  },
);
