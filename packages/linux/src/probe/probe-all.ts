/**
 * Everything that can be tested on a machine before a namespace is started on it. Nothing remains: the tests run in a thread
 * and on a child, which have ended afterwards.
 */
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { readThreadStatus } from "../process/proc-status.ts";
import { probeBpfPrograms, tryBpfPrograms } from "./bpf-programs.ts";
import { type Machine, probeMachine } from "./machine.ts";
import { probeMitigations } from "./mitigations.ts";
import { probeNotification, tryNotification } from "./notification.ts";
import { probePaths } from "./paths.ts";
import type { Probe } from "./probe.ts";
import { probeSecurityModules, trySecurityModules } from "./security-modules.ts";
import { probeLooking, tryLooking } from "./tasks.ts";

let known: Promise<readonly Probe[]> | undefined;

/** All probes, part by part; run once, then cached. */
export function probeAll(): Promise<readonly Probe[]> {
  known ??= probe();
  return known;
}

async function probe(): Promise<readonly Probe[]> {
  const machine = readMachine();
  const [notification, looking] = await Promise.all([tryNotification(), tryLooking()]);
  return [
    ...probeMachine(machine),
    ...probeNotification(notification),
    ...probeLooking(looking),
    ...probePaths(),
    ...probeSecurityModules(trySecurityModules()),
    ...probeBpfPrograms(tryBpfPrograms(machine)),
    ...probeMitigations(),
  ];
}

function readMachine(): Machine {
  const status = readFileSync("/proc/self/status", "latin1");
  return {
    release: release(),
    architecture: process.arch,
    uid: process.getuid?.() ?? -1,
    capabilities: readThreadStatus(process.pid)?.credentials.capabilities ?? 0n,
    noNewPrivileges: /^NoNewPrivs:\s*1$/m.test(status),
  };
}
