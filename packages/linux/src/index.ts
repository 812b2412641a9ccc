export { LinuxError, type LinuxErrorCode, linuxErrors } from "./error.ts";
export type { KernelNamespace, Tally } from "./sensor/bpf/kernel-namespace.ts";
export { DEFAULT_HOLD_SECONDS, openBpf, type OpenedBpf, type Orphaned } from "./sensor/bpf/open.ts";
export { type AttachedPrograms, attachedPrograms } from "./sensor/bpf/attached-programs.ts";
export {
  journalOf,
  orphanedNamespaces,
  type PinnedLoad,
  type PinnedNamespace,
  unpinAll,
  unreadableLoads,
} from "./sensor/bpf/pinned.ts";
export { isInBpfNamespace } from "./sensor/bpf/membership.ts";
export { launchFromProcess } from "./sensor/bpf/launched-elsewhere.ts";
export { assertFitToTakeIn, type HeldProcess, takeIn } from "./sensor/bpf/taking-in.ts";
export { type Note, takeBack } from "./sensor/bpf/note.ts";
export { wakeHeld } from "./sensor/bpf/wake.ts";
export type { Ending, Joining, Sensor } from "./sensor/sensor.ts";
export { hasEnded, isEnding, readThreadStatus, startTime } from "./process/proc-status.ts";
export {
  endFilter,
  installFilter,
  prepareFilter,
  type Launch,
  spawnWorkload,
} from "./sensor/seccomp/listener/launch.ts";
export type { Act, KeyBytes, Mediator, Refusal, Verdict } from "./sensor/mediation.ts";
export { type HostLookup, HostNames } from "./sensor/names/host-names.ts";
export { lookUpHost } from "./abi/hosts.ts";
export type { FileInspector, FileUse, UsedFile, UsingThread } from "./sensor/inspection.ts";
export { deviceName } from "./sensor/files/sensed-file.ts";
export { KEPT_DIRECTORY } from "./sensor/kept-directory.ts";
export { Standstill } from "./sensor/standstill.ts";
export { descendantsOf, signalAll } from "./sensor/signal-all.ts";
export { fileIdentity, holdersOf, isRunning } from "./sensor/holders.ts";
export type { Built } from "./sensor/files/makings.ts";
export { NodeDigests } from "./sensor/files/node-digests.ts";
export { SharedDigests } from "./sensor/files/shared-digests.ts";
export { fileVersion, lastingVersion } from "./sensor/files/knowledge.ts";
export { awaitTurns, ownRights } from "./sensor/seccomp/turns.ts";
export { serveUrgently } from "./sensor/seccomp/urgency.ts";
export { MOST_FILTERS } from "./sensor/seccomp/listener/notification.ts";
export { SeccompSensor } from "./sensor/seccomp/sensor.ts";
export type { ActingProcess, ActingThread, Identity } from "./sensor/acting.ts";
export {
  childState,
  type ChildState,
  dieBySignal,
  type EndedChild,
  endedUnderMore,
  ignoreSignal,
  leave,
  sendSignal,
  setOpenFileLimit,
  withOpenFileLimit,
} from "./process/child.ts";
export { closeToOthers } from "./process/closed.ts";
export { type Place, unsafeOnWay } from "./process/way.ts";
export { ignoreUnhandled } from "./process/own-signals.ts";
export {
  closeDescriptor,
  isFilterListener,
  redirect,
  takeDescriptor,
  takeDescriptorOf,
} from "./process/descriptors.ts";
export { type Entry, HeldDirectory } from "./process/held-directory.ts";
export {
  acceptStream,
  awaitStream,
  listenForStreams,
  openStream,
  readStream,
  type StreamAddress,
  writeStream,
} from "./process/byte-stream.ts";
export { ANY_CID } from "./abi/socket-address.ts";
export { lock, lockShared, unlock } from "./process/lock.ts";
export { KernelMitigations } from "./mitigations/kernel.ts";
export { type InForce, machineMitigations, processMitigations } from "./mitigations/in-force.ts";
export { isInForce, type Mitigations, type Offer, type Outcome } from "./mitigations/setting.ts";
export { returnLarger } from "./abi/libc.ts";
export { becomeUser, type Credentials, findUser, type User } from "./process/user.ts";
export { groupOf } from "./process/proc-status.ts";
export { type HeldPeer, heldPeerOf, holdProcess, isOutside, isThere, type Peer, peerOf } from "./process/peer.ts";
export { filtersOf, isUnderMoreFilters } from "./process/filters.ts";
export { type NamespaceKind, namespaceOf } from "./process/namespace-of.ts";
export { OwnTerminal } from "./process/own-terminal.ts";
export { isTerminalRaw, ownsTerminal, type TerminalSize, terminalSize } from "./process/terminal.ts";
export { armDoorbell, currentThread, ringDoorbell } from "./process/doorbell.ts";
export { endMoments, prepareMoments } from "./process/moment.ts";
export { Asking, type AskingOptions, type Question, type Settlement } from "./sensor/asking.ts";
export { ModelMediator } from "./sensor/model-mediator.ts";
export type { Witness } from "./sensor/witness.ts";
export { type AppliedLandlock, applyLandlock } from "./landlock/apply.ts";
export { filesWithContent } from "./landlock/files-with-content.ts";
export { compileLandlock } from "./landlock/compile.ts";
export { type Places, RealPaths } from "./landlock/real-path.ts";
export { fsRights, namesOf } from "./landlock/rights.ts";
export { beyondLandlock, leavingRoomForAnswers } from "./landlock/widened.ts";
export type { LandlockRules } from "./landlock/rules.ts";
export type { Probe } from "./probe/probe.ts";
export { probeAll } from "./probe/probe-all.ts";
