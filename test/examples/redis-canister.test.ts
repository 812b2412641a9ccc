import { beforeAll, describe, expect, test } from "vitest";
import { type Ended, isBuilt } from "../support/isoline.ts";
import { step, tryExample } from "./example.ts";
import { isInstalled, isRoot } from "../support/machine.ts";

const needed = ["podman", "runc", "redis-server", "redis-cli", "busybox", "gcc"];
const isReady = isBuilt && isRoot && needed.every(isInstalled);

describe.skipIf(!isReady)(`examples/redis-canister (needs root, ${needed.join(", ")})`, () => {
  let said: Ended;
  beforeAll(async () => {
    said = await tryExample("redis-canister");
  });

  test("the same client is on contour in another container of the image", () => {
    expect(said.status).toBe(0);
    expect(step(said.stdout, "# Check it")).toMatch(/all answers were right\nverdict: on-contour\noff: 0/);
  });

  test("a shell that is loaded into the service runs if it is only checked, and is reported", () => {
    expect(step(said.stdout, "# The attack, on a container that is only checked")).toMatch(
      /a shell ran: uid=0.*\nverdict: off-contour\n/,
    );
  });

  test("it does not run if the contour is enforced", () => {
    expect(step(said.stdout, "# The attack, on a container that enforces")).toMatch(
      /no shell ran\nverdict: off-contour\noff: 1\nrefused: 1/,
    );
  });

  test("exec is refused, and the service continues", () => {
    expect(step(said.stdout, "# A user of the engine")).toMatch(/exit status 126\nclient: all answers were right/);
  });
});
