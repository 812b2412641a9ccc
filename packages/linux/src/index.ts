export { LinuxError, type LinuxErrorCode, linuxErrors } from "./error.ts";
export { installFilter, type Launch, spawnWorkload } from "./sensor/seccomp/launch.ts";
export type { Act, Mediator, Refusal, Verdict } from "./sensor/seccomp/mediation.ts";
export type { RawKey } from "./sensor/seccomp/raw-key.ts";
export { type Ending, SeccompSensor } from "./sensor/seccomp/sensor.ts";
export type { Identity, Process, Thread } from "./sensor/seccomp/tasks.ts";
