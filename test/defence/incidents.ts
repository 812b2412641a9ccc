/**
 * Published reports about real packages, in our words, reduced to the steps that were rebuilt, in the order of the incident.
 * The source is a report or a summary of it.
 */

export interface Incident {
  readonly name: string;
  readonly date: string;
  readonly source: string;
  /** One sentence about the incident. */
  readonly story: string;
  /** Names of steps; "unpack" is the unpacking of a file or package that the clean version does not contain. */
  readonly steps: readonly string[];
}

export const incidents: readonly Incident[] = [
  {
    name: "eslint-scope 3.7.2",
    date: "2018-07-12",
    source: "https://github.com/eslint/eslint-scope/issues/39",
    story:
      "A stolen account published a version whose install script fetched code from a paste site, ran it, and sent off the token in `~/.npmrc`.",
    steps: ["unpack", "download", "npm-token", "exfiltration"],
  },
  {
    name: "event-stream 3.3.6 (flatmap-stream)",
    date: "2018-11-20",
    source: "https://github.com/dominictarr/event-stream/issues/116",
    story:
      "A new maintainer added a dependency that did nothing when it was installed. Used in the build of one application, it wrote itself into another package, which later sent off wallets.",
    steps: ["unpack", "neighbour", "exfiltration"],
  },
  {
    name: "ua-parser-js 0.7.29",
    date: "2021-10-22",
    source: "https://github.com/faisalman/ua-parser-js/issues/536",
    story:
      "A stolen account published versions whose install script downloaded a miner and started it in the background.",
    steps: ["unpack", "download", "keep", "run", "background"],
  },
  {
    name: "nx 21.5.0 (s1ngularity)",
    date: "2025-08-26",
    source: "https://github.com/nrwl/nx/security/advisories/GHSA-cxm3-wv7p-598c",
    story:
      "An install script searched the machine for credentials, partly by telling installed tools to, uploaded them, and appended a line to shell profiles that shut the machine down.",
    steps: ["unpack", "environment", "home", "installed-tool", "npm-token", "ssh-key", "exfiltration", "shell-profile"],
  },
  {
    name: "Shai-Hulud",
    date: "2025-09-15",
    source: "https://github.com/valor-software/ngx-bootstrap/issues/6776",
    story:
      "A worm: its install script gathered tokens, had a downloaded scanner look for more, sent them off, left a workflow in repositories, and published itself in other packages of the victim.",
    steps: [
      "unpack",
      "environment",
      "npm-token",
      "cloud-key",
      "metadata",
      "download",
      "keep",
      "run",
      "exfiltration",
      "workflow",
      "publish",
    ],
  },
  {
    name: "Shai-Hulud, the second wave",
    date: "2025-11-24",
    source: "https://github.com/PostHog/posthog-js/issues/2633",
    story:
      "The worm again, as a preinstall script that fetched a runtime of its own and went on in the background; where it found nothing to steal it deleted the home directory.",
    steps: [
      "unpack",
      "download",
      "keep",
      "run",
      "background",
      "home",
      "cloud-key",
      "exfiltration",
      "workflow",
      "publish",
      "destruction",
    ],
  },
  {
    name: "axios 1.14.1 (plain-crypto-js)",
    date: "2026-03-31",
    source: "https://github.com/axios/axios/issues/10604",
    story:
      "A stolen account added a dependency whose install script downloaded a trojan for the platform, started it, and replaced its own files with clean ones.",
    steps: ["unpack", "download", "keep", "background", "traces"],
  },
  {
    name: "TanStack (Mini Shai-Hulud)",
    date: "2026-05-11",
    source: "https://github.com/TanStack/router/issues/7383",
    story:
      "A hijacked release pipeline published versions with valid provenance. They read tokens out of the memory of other processes, left tasks for editors and a user service that deleted the home directory when its token was revoked.",
    steps: [
      "unpack",
      "environment",
      "memory",
      "git-token",
      "cloud-key",
      "exfiltration",
      "editor-task",
      "unit",
      "publish",
      "destruction",
    ],
  },
];
