import { closeSync, openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { HostTable } from "../../names/host-table.ts";
import { Watches } from "../listener/watches.ts";
import type { Lookups } from "./lookups.ts";
import { NameServer } from "./name-server.ts";
import { Upstream } from "./upstream.ts";

describe("a name server", () => {
  it("waits before it accepts again, where a stream shows and cannot be accepted", () => {
    const watches = new Watches();
    const server = new NameServer(watches, new HostTable([]), {} as Lookups, new Upstream(watches, []));
    // The second is always ready, and no listening socket.
    const [datagrams, streams] = [openSync("/dev/null", "w"), openSync("/dev/null", "r")];
    const entries: Buffer = Buffer.alloc(16);
    const waitedFor = () => {
      watches.describe(entries, 0);
      return [entries.readInt32LE(0), entries.readInt32LE(8)];
    };
    server.listen({ datagrams, streams });
    expect(waitedFor()).toEqual([datagrams, streams]);
    watches.attend();
    expect(waitedFor()).toEqual([datagrams, -1]);
    expect(watches.patience).toBeDefined();
    while (waitedFor()[1] !== streams) watches.attend();
    server.close();
    for (const fd of [datagrams, streams]) closeSync(fd);
  });
});
