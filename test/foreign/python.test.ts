/** Python's own tests inside: classes of its modules. `node test/foreign/run.mjs --full python` runs whole modules. */
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compare } from "./comparison.mjs";
import { python, runPython } from "./python.mjs";
import { isCI } from "../support/machine.ts";
import { ORDINARY } from "./workload.mjs";

const selection = {
  os: ["test_os.FileTests", "test_os.SpawnTests", "test_os.PidfdTests", "test_os.ExecTests", "test_os.LinkTests"],
  subprocess: ["test_subprocess.POSIXProcessTestCase"],
  signal: ["test_signal.PosixTests", "test_signal.PendingSignalsTests"],
  socket: ["test_socket.UnixSocketTest", "test_socket.SendmsgUnixStreamTest", "test_socket.RecvmsgSCMRightsStreamTest"],
  threading: ["test_threading.ThreadJoinOnShutdown", "test_threading.LockTests"],
};

describe.skipIf(!isCI || !existsSync(python) || !existsSync("/usr/lib/python3.13/test/test_os.py"))(
  "Python's tests end inside as they do outside (only in CI)",
  () => {
    it.each(Object.entries(selection))("%s", async (name, tests) => {
      const run = (side: "outside" | "learn" | "watch") =>
        runPython(tests, { side, uid: ORDINARY, secondsEach: 40, seconds: 100 });
      const found = await compare(name, run, ["learn"]);
      expect(found.tests).toBeGreaterThan(10);
      expect(found.differences.filter((difference) => difference.name === undefined)).toEqual([]);
    });
  },
);
