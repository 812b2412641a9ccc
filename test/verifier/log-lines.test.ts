/** What a verifier says, for machines: one JSON object a line on stdout, and nothing on stderr. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createInterface } from "node:readline";
import { afterAll, describe, expect, it } from "vitest";
import { isBuilt, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

describe.skipIf(!isBuilt)("isoline verifier --log json (needs a build)", () => {
  const rig = new Rig();
  afterAll(() => rig.close());

  it("has a line for what is odd, for its address, for a receiver that is away, and for its end", async () => {
    const file = join(rig.place, "verifier.yaml");
    const secret = join(rig.place, "secret");
    const node = new SoftwareNode("node-1");
    await rig.enrol([node]);
    writeFileSync(secret, "secret-of-a-test-0123456789", { mode: 0o600 });
    const webhooks = [{ name: "away", url: "http://127.0.0.1:9/", secret }];
    writeFileSync(file, JSON.stringify(rig.configuration({ webhooks })), { mode: 0o600 });
    const child = spawn(isolineProgram, ["verifier", "--config", file, "--log", "json"], {
      env: { PATH: SYSTEM_PATH, HOME: rig.place, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = once(child, "exit");
    const stderr = text(child.stderr);
    const said: Record<string, unknown>[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(JSON.parse(line) as Record<string, unknown>);
      if (said.at(-1)?.["event"] === "ready") {
        rig.at(String(said.at(-1)?.["address"]));
        await rig.rules();
        await rig.attest(node);
      }
      if (said.at(-1)?.["event"] === "unsent") child.kill("SIGTERM");
    }
    expect([await ended, await stderr]).toEqual([[0, null], ""]);
    const events = said.map(({ event }) => event);
    expect(events.filter((event, at) => event !== events[at - 1])).toEqual(["noted", "ready", "unsent", "stopping"]);
    expect(said).toContainEqual({
      ...{ time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/), event: "noted" },
      why: "no maker of TPMs is trusted, so no node can enrol; put roots into makers/",
    });
    expect(said).toContainEqual(
      expect.objectContaining({ event: "unsent", receiver: "webhook away", why: expect.any(String) }),
    );
  });
});
