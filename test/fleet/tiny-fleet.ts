/** For one suite: a server that answers what its tests say, and the folder of a user whose configuration names that server. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { TinyVerifier } from "./tiny-verifier.ts";

export interface TinyFleet {
  readonly place: string;
  readonly env: Readonly<Record<string, string>>;
  /** From the first test on; what it was asked is forgotten before each. */
  readonly server: TinyVerifier;
}

export function tinyFleet(): TinyFleet {
  const place = mkdtempSync(join(tmpdir(), "isoline-tiny-fleet-"));
  const configuration = join(place, "fleet.yaml");
  let server: TinyVerifier | undefined;
  beforeAll(async () => {
    server = await TinyVerifier.listen(() => ({ status: 404 }));
    const here = `{ name: here, url: "${server.url}", token: a-token-that-is-secret }`;
    writeFileSync(configuration, `servers:\n  - ${here}\n`, { mode: 0o600 });
  });
  beforeEach(() => {
    if (server !== undefined) server.asked.length = 0;
  });
  afterAll(async () => {
    await server?.close();
    rmSync(place, { recursive: true, force: true });
  });
  return {
    place,
    env: { ISOLINE_FLEET_CONFIG: configuration },
    get server() {
      if (server === undefined) throw new Error("the suite has not begun");
      return server;
    },
  };
}
