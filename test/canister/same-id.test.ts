/** A second container with the id of a live one is refused, and takes nothing of the first. */
import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox");
const LIMIT_MS = 300_000;

describe.skipIf(why !== undefined)(
  `a container with the id of a live one${why === undefined ? "" : ` (${why})`}`,
  { timeout: LIMIT_MS },
  () => {
    let shop: Workshop;
    let id: string;
    const label = { "dev.isoline.mode": "learn", "dev.isoline.contour": "a.contour" };

    beforeAll(() => {
      shop = new Workshop();
      id = shop.id();
      assert.equal(shop.create("--bundle", shop.bundle("sleep 1000", label), id).status, 0);
      assert.equal(shop.runc("start", id).status, 0);
    }, LIMIT_MS);
    afterAll(() => shop.close());

    it.each([
      ["run", {}],
      ["run", { "dev.isoline.name": "other" }],
      ["create", {}],
    ])("is refused by %s with the label %o, and the first one is found as before", (command, more) => {
      const supervisor = shop.supervisorOf(id);
      const second = shop.bundle("true", { ...label, "dev.isoline.contour": "b.contour", ...more });
      expect(shop.runc(command, "--bundle", second, id)).toMatchObject({
        status: 125,
        stderr: expect.stringContaining(`expected an id that no live container has, got ${id}`) as string,
      });
      expect(shop.supervisorOf(id)).toBe(supervisor);
      expect(shop.runc("exec", id, "cat", "/etc/group")).toMatchObject({ status: 0, stdout: "root:x:0:\n" });
    });

    it("may have it when that one is deleted", () => {
      expect(shop.runc("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
      expect(shop.runc("run", "--bundle", shop.bundle("true", label), id).status).toBe(0);
    });
  },
);
