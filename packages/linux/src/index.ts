export { LinuxError, type LinuxErrorCode, linuxErrors } from "./error.ts";
export { installFilter, type Launch, spawnWorkload } from "./sensor/seccomp/launch.ts";
export type { Act, Mediator, Refusal, Verdict } from "./sensor/seccomp/mediation.ts";
export type { FileInspector, FileUse, UsedFile } from "./sensor/seccomp/inspection.ts";
export { deviceName } from "./sensor/seccomp/sensed-file.ts";
export { holdersOf, isRunning } from "./sensor/holders.ts";
export type { RawKey } from "./sensor/seccomp/raw-key.ts";
export { type Ending, SeccompSensor } from "./sensor/seccomp/sensor.ts";
export type { Identity, Process, Thread } from "./sensor/seccomp/actors.ts";
export {
  childState,
  type ChildState,
  dieBySignal,
  ignoreSignal,
  leave,
  sendSignal,
  setOpenFileLimit,
} from "./process/child.ts";
export { closeDescriptor, redirect, takeDescriptor } from "./process/descriptors.ts";
export { type Peer, peerOf } from "./process/peer.ts";
export { isTerminalRaw, ownsTerminal, type TerminalSize, terminalSize } from "./process/terminal.ts";
export { armDoorbell, currentThread, ringDoorbell } from "./process/doorbell.ts";
export { ModelMediator } from "./sensor/model-mediator.ts";
export { type AppliedLandlock, applyLandlock } from "./landlock/apply.ts";
export { compileLandlock } from "./landlock/compile.ts";
export type { LandlockRules } from "./landlock/rules.ts";
export type { Probe } from "./probe/probe.ts";
export { probeAll } from "./probe/probe-all.ts";
