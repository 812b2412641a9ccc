/** Every refusal of the command line and of namespaces, by code; `docs/errors.md` is generated from this table. */
import { IsolineError } from "@isoline/core/error";

export const cliErrors = {
  usage: "The command line is invalid.",
  "no-such-command": "The program to run does not exist.",
  "not-executable": "The program to run is there but cannot be executed.",
  "cannot-read": "A file that was named cannot be read.",
  "cannot-write": "A result could not be written; what was there before is unchanged.",
  "bad-report": "A report of a run is damaged, or its departures do not match the points that it gives them.",
  "clean-failed": "The command that makes a clean start before each run of a repeated learning failed.",
  "no-such-point": "No point of the contour begins this way, or several do.",
  "no-evidence":
    "A contour has no evidence beside it of runs that were observed, so nothing follows about further runs.",
  "no-such-namespace": "No live namespace has this name, or several do.",
  "no-such-question": "A question that was answered is over: it was answered, came too late, or its process has ended.",
  "name-taken": "A live namespace has this name already, or a live container this id.",
  "unsafe-place": "A directory for control sockets belongs to another user, or is open to others.",
  "bad-measurement-list": "An IMA measurement list is damaged or truncated, or is not one.",
  "bad-ima-policy": "An IMA policy has an invalid rule, or a rule that contradicts itself.",
  "bad-ima-key": "A file that was given as a key for IMA signatures contains no usable key.",
  "namespace-lost": "The supervisor of a namespace has ended, or does not answer.",
  "no-engine": "No engine answers at the address that was given with --engine.",
  "engine-refused":
    "The two ends of a wire refused each other: by their keys, by the version, or because what came breaks the protocol.",
  "engine-lost": "The engine at the other end of a wire has ended, or did not answer in time.",
  "bad-bundle": "A container's configuration does not follow the OCI runtime specification.",
  "bad-label": "A container has no label, or one that is invalid for it; it was not started.",
  "bad-host-configuration": "The host's configuration for containers is invalid.",
  "no-such-canister": "A container has no live supervisor, so nothing can be brought into its namespace.",
  "registry-refused":
    "A registry did not answer as the distribution protocol requires, or sent other bytes than it announced.",
  "bad-credentials": "A file of credentials for registries is invalid, or a credential helper gave an invalid answer.",
  "bad-push": "A launch host does not accept a canister, or does not understand a request; nothing was started.",
  "no-attached-contour": "No contour is attached to an image, or what is attached is not for it.",
  "no-agent": "No agent of this machine answers, or it has ended while it supervised a command.",
  "agent-refused":
    "The agent of this machine does not host a namespace, or does not understand what was asked; nothing was started.",
  "agent-elsewhere":
    "The agent of this machine does not see what the caller sees, or is not to supervise its containers.",
  "bad-agent-configuration": "The configuration of this machine's agent is invalid.",
  "unfit-unit": "A unit of systemd cannot be put under isoline as it stands; nothing was written.",
  "fleet-unreachable": "A verifier did not answer, or what answered is not the server that was named.",
  "fleet-refused": "A verifier refused what it was asked for, and says why.",
  "bad-fleet-answer": "A verifier answered in another form than docs/fleet.md says, or with more than it may.",
  "bad-fleet-configuration":
    "A configuration or a state of this program for a verifier is invalid, or open to other users.",
  "no-verifier": "The command needs the package of the verifier, which is not installed.",
  "no-demo": "The demo cannot be shown on this machine, or did not have the expected result.",
} as const;

export type CliErrorCode = keyof typeof cliErrors;

/** A refusal of the isoline package. */
export class CliError extends IsolineError<CliErrorCode> {}
