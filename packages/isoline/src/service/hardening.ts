/** Settings of a unit under which isoline cannot supervise its service, and what is to be done about each. */
import type { Settings } from "./settings.ts";

export interface Obstacle {
  readonly setting: string;
  readonly why: string;
  /** The value in a drop-in by which the setting is off; undefined: the unit itself must change. */
  readonly off: string | undefined;
}

type Rule = readonly [setting: string, why: string, off: string | undefined, when?: (settings: Settings) => boolean];

const KEPT_SIGNALS = /^(?:SIG)?(?:TERM|HUP|INT|QUIT|USR1|USR2|WINCH)$|^(?:15|1|2|3|10|12|28)$/;
const isFamilyMissing = (settings: Settings) => {
  const words = settings.all("RestrictAddressFamilies").join(" ").trim();
  if (words === "") return false;
  return words.startsWith("~") ? /\bAF_UNIX\b/.test(words) : !/\bAF_UNIX\b/.test(words);
};
const signal = (name: string) => (settings: Settings) => !KEPT_SIGNALS.test(settings.one(name) ?? "SIGTERM");
const isSet = (name: string) => (settings: Settings) => settings.all(name).length > 0;

const USER = "the service would not have what it gives: isoline starts it as its user alone";
const SUPERVISOR = "isoline is started with it, and the supervisor needs more than it leaves";

const rules: readonly Rule[] = [
  [
    "Type",
    "isoline ends with the last process, so a forking service never counts as started; start it in the foreground",
    undefined,
    (settings) => settings.one("Type") === "forking",
  ],
  ["DynamicUser", "the user has no lasting name; give the service a User=", undefined],
  [
    "SystemCallFilter",
    `${SUPERVISOR} (seccomp, process_vm_readv, pidfd_getfd and what Node calls)`,
    "",
    isSet("SystemCallFilter"),
  ],
  ["RestrictSUIDSGID", `${SUPERVISOR}: openat2, which it refuses as a whole`, "no"],
  ["MemoryDenyWriteExecute", `${SUPERVISOR}: Node compiles code while it runs`, "no"],
  [
    "CapabilityBoundingSet",
    `${SUPERVISOR}: it reads the service's memory and becomes its user`,
    "~",
    isSet("CapabilityBoundingSet"),
  ],
  ["RestrictAddressFamilies", `${SUPERVISOR}: AF_UNIX, for its own sockets`, "", isFamilyMissing],
  ["NoExecPaths", `${SUPERVISOR}: the programs of isoline and Node`, "", isSet("NoExecPaths")],
  [
    "ProcSubset",
    `${SUPERVISOR}: the settings of the kernel in /proc/sys`,
    "all",
    (settings) => settings.one("ProcSubset") === "pid",
  ],
  [
    "LimitAS",
    `${SUPERVISOR}: Node reserves many gigabytes of addresses`,
    "infinity",
    (settings) => !/^(?:infinity)?$/.test(settings.one("LimitAS") ?? ""),
  ],
  ["PrivateUsers", `${SUPERVISOR}: the rights of root`, "no"],
  ["PrivatePIDs", "isoline would be the first process of the namespace, which has other duties", "no"],
  ["RootDirectory", "isoline is not in it", undefined],
  ["RootImage", "isoline is not in it", undefined],
  ["AppArmorProfile", "it would confine isoline instead of the service", "", isSet("AppArmorProfile")],
  ["SELinuxContext", "it would confine isoline instead of the service", "", isSet("SELinuxContext")],
  ["SmackProcessLabel", "it would confine isoline instead of the service", "", isSet("SmackProcessLabel")],
  ["AmbientCapabilities", USER, "", isSet("AmbientCapabilities")],
  ["SupplementaryGroups", USER, "", isSet("SupplementaryGroups")],
  ["SecureBits", USER, "", isSet("SecureBits")],
  ["PAMName", USER, "", isSet("PAMName")],
  ["WatchdogSec", "WATCHDOG_PID names isoline then, so the service sends no signs of life", "0"],
  [
    "Sockets",
    "LISTEN_PID names isoline then, so the service takes no socket; let it open its own",
    undefined,
    isSet("Sockets"),
  ],
  ["OpenFile", "LISTEN_PID names isoline then, so the service takes no file", undefined, isSet("OpenFile")],
  ["FileDescriptorStoreMax", "LISTEN_PID names isoline then, so the service takes nothing back", "0"],
  ["KillSignal", "isoline passes on TERM, HUP, INT, QUIT, USR1, USR2 and WINCH", "SIGTERM", signal("KillSignal")],
  [
    "RestartKillSignal",
    "isoline passes on TERM, HUP, INT, QUIT, USR1, USR2 and WINCH",
    "SIGTERM",
    signal("RestartKillSignal"),
  ],
  [
    "Environment",
    "LD_PRELOAD, LD_LIBRARY_PATH and LD_AUDIT would be loaded into isoline's shell; set them in the command: /usr/bin/env NAME=… PROGRAM",
    undefined,
    (settings) => settings.all("Environment").some((value) => /\bLD_(?:PRELOAD|LIBRARY_PATH|AUDIT)=/.test(value)),
  ],
];

/** What stands in the way, apart from the settings that are to be off. */
export function obstaclesIn(settings: Settings, without: readonly string[]): readonly Obstacle[] {
  return rules
    .filter(([setting, , , when]) => when?.(settings) ?? settings.isOn(setting))
    .map(([setting, why, off]) => ({ setting, why, off }))
    .filter(({ setting, off }) => off === undefined || !without.includes(setting));
}

/** The settings that a drop-in can turn off, each with the value for it. */
export const removable: ReadonlyMap<string, string> = new Map(
  rules.flatMap(([setting, , off]) => (off === undefined ? [] : [[setting, off] as const])),
);

/** Each makes a seccomp filter, or a namespace or root of the service's own; the agent takes no client that has one (docs/agent.md). */
const APART = [
  ...["RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality"],
  ...["SystemCallFilter", "SystemCallLog", "SystemCallArchitectures", "ProtectClock", "ProtectKernelTunables"],
  ...["ProtectKernelModules", "ProtectKernelLogs", "ProtectHostname", "ProtectControlGroups", "ProtectProc"],
  ...["PrivateDevices", "PrivateTmp", "PrivateMounts", "PrivateNetwork", "PrivateIPC", "PrivateBPF", "MountAPIVFS"],
  ...["ProtectSystem", "ProtectHome", "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths"],
  ...["TemporaryFileSystem", "BindPaths", "BindReadOnlyPaths", "NetworkNamespacePath", "IPCNamespacePath"],
  ...["JoinsNamespaceOf", "LogNamespace", "MountFlags", "DelegateNamespaces", "MountImages", "ExtensionImages"],
  ...["ExtensionDirectories", "LoadCredential", "SetCredential", "ImportCredential"],
];

/** The setting for which the agent of the machine would refuse the service; undefined if there is none. */
export function apartFromAgent(settings: Settings): string | undefined {
  return APART.find((name) => settings.isOn(name));
}

/** What is not refused, and should be known. */
export function remarksOn(settings: Settings): readonly string[] {
  const around = ["ExecCondition", "ExecStartPre", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"];
  const outside = around.filter((name) => settings.all(name).length > 0);
  const limits = ["MemoryMax", "MemoryHigh", "TasksMax"].filter((name) => settings.isOn(name));
  const hiding = ["TemporaryFileSystem", "InaccessiblePaths"].filter((name) => settings.all(name).length > 0);
  return [
    ...outside.map((name) => `${name}= runs outside of the contour, as before`),
    ...limits.map(
      (name) =>
        `${name}= counts isoline as well: 80 MB, or 110 with 100 000 points, and a dozen threads for each command`,
    ),
    ...hiding.map(
      (name) => `${name}= must leave /run/isoline, /var/lib/isoline/services and isoline's programs where they are`,
    ),
  ];
}
