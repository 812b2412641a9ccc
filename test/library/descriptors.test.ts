/** A program that has one run after the other: what the supervisor opened to answer lookups of hosts is closed with each. */
import { describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { runProgram } from "../support/library.ts";
import { isInstalled, isRoot } from "../support/machine.ts";

describe.skipIf(!isBuilt || !isRoot || !isInstalled("perl"))(
  "runs of one process (need a build, root and perl)",
  () => {
    it("leave no descriptor behind", async () => {
      const { lines, stderr } = await runProgram(`
      import { learn } from "isoline";
      import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
      import { setTimeout } from "node:timers/promises";

      writeFileSync("policy.yaml", "rules: { host-name: true }\\n");
      // A question by datagram, and half of one by stream, neither of which is waited for.
      const asks = \`use Socket;
        $to = pack_sockaddr_in(53, inet_aton("192.0.2.53"));
        socket(D, AF_INET, SOCK_DGRAM, 0);
        send(D, pack("n6 C/a C/a C n2", 7, 256, 1, 0, 0, 0, "host", "test", 0, 1, 1), 0, $to) or die $!;
        socket(S, AF_INET, SOCK_STREAM, 0);
        connect(S, $to) or die $!;
        send(S, "\\\\0", 0);\`;
      const sockets = () => readdirSync("/proc/self/fd").filter((fd) => {
        try { return readlinkSync("/proc/self/fd/" + fd).startsWith("socket:"); } catch { return false; }
      }).length;
      const counts = [];
      for (let turn = 0; turn < 8; turn++) {
        const run = await learn(["perl", "-e", asks], { output: "contour", lens: "policy.yaml" });
        const { status } = await run.ended;
        // Threads and the program that makes the network end a little later.
        await setTimeout(100);
        counts.push(sockets());
        if (status !== 0) console.log(status);
      }
      await setTimeout(1000);
      console.log(JSON.stringify({ grew: sockets() - counts[1] }));
      process.exit(0);
    `);
      expect({ stderr, lines }).toEqual({ stderr: "", lines: ['{"grew":0}'] });
    });
  },
);
