/** Every refusal of the command line and of namespaces, by code; `docs/errors.md` is generated from this table. */
import { IsolineError } from "@isoline/core";

export const cliErrors = {
  usage: "The command line does not say what it must.",
  "no-such-command": "The program to run is not there.",
  "not-executable": "The program to run is there but cannot be executed.",
  "cannot-read": "A file that was named cannot be read.",
  "cannot-write": "A result could not be written; what was there before is unchanged.",
  "no-such-point": "No point of the contour begins this way, or several do.",
  "no-such-namespace": "No live namespace has this name, or several do.",
  "name-taken": "A live namespace has this name already.",
  "unsafe-place": "A directory for control sockets belongs to somebody else, or is open to others.",
  "bad-measurement-list": "An IMA measurement list is damaged, cut off, or not one.",
  "bad-ima-policy": "An IMA policy does not say what one may say, or contradicts itself.",
  "bad-ima-key": "A file that was given as a key for IMA signatures holds none that can be used.",
  "namespace-lost": "A namespace's supervisor went away or does not answer.",
  "bad-bundle": "A container's configuration is not what the OCI runtime specification says.",
  "bad-label": "A container has no label, or one that cannot hold for it; it was not started.",
  "bad-host-configuration": "The host's configuration for containers does not say what it must.",
  "no-such-canister": "A container has no live supervisor, so nothing can be brought into its namespace.",
  "registry-refused":
    "A registry did not answer as the distribution protocol says, or with other bytes than it promised.",
  "bad-credentials": "A file of credentials for registries, or a program that keeps them, does not say what it must.",
  "no-attached-contour": "No contour is attached to an image, or what is attached is not for it.",
  unsigned: "A contour is not signed as it must be: by a key that is trusted, as it is, and for this image.",
  "bad-signing-key": "A file that was given as a key for the signatures of contours holds none that can be used.",
  "no-demo": "The demo cannot be shown on this machine, or did not come out as it should.",
} as const;

export type CliErrorCode = keyof typeof cliErrors;

/** A refusal of the isoline package. */
export class CliError extends IsolineError<CliErrorCode> {}
