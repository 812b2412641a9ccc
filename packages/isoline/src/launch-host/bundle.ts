/**
 * The OCI bundle of a canister on a launch host (runtime-spec, config.md). It is the same for every image but for the process: no
 * capability, no network, no device but those of any container, a root that can be read only.
 */
import type { ImageConfiguration } from "./layout.ts";
import { refused, shown } from "./refusal.ts";

const MASKED = [
  "/proc/acpi",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/sched_debug",
  "/proc/scsi",
];
const READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
const NAMESPACES = ["pid", "network", "ipc", "uts", "mount", "cgroup"];
const MOST_MEMORY = 512 * 1024 * 1024;
const MOST_PROCESSES = 256;
const NO_SETTING = ["nosuid", "noexec", "nodev"];

/** `digest` is the image's, for the label. */
export function bundleConfiguration(name: string, digest: string, image: ImageConfiguration): string {
  const { args, env, cwd } = image;
  if (args.length === 0) throw refused("an image with a command", "none");
  if (!cwd.startsWith("/")) throw refused("an absolute working directory", shown(cwd));
  return JSON.stringify({
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: userOf(image.user),
      args,
      env: env.length > 0 ? env : ["PATH=/usr/bin:/bin"],
      cwd,
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      rlimits: [
        { type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 },
        { type: "RLIMIT_CORE", hard: 0, soft: 0 },
      ],
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: true },
    hostname: "canister",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: NO_SETTING },
      {
        destination: "/dev",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "noexec", "strictatime", "mode=755", "size=64k"],
      },
      { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: [...NO_SETTING, "mode=1777", "size=16m"] },
    ],
    annotations: { "io.kubernetes.cri.image-name": `pushed@${digest}` },
    linux: {
      namespaces: NAMESPACES.map((type) => ({ type })),
      cgroupsPath: `/canisters/${name}`,
      resources: {
        devices: [{ allow: false, access: "rwm" }],
        pids: { limit: MOST_PROCESSES },
        memory: { limit: MOST_MEMORY },
      },
      maskedPaths: MASKED,
      readonlyPaths: READ_ONLY,
    },
  });
}

/** Numbers alone: a name would be looked up in a file of the image. */
function userOf(user: string): { uid: number; gid: number } {
  const [, uid = "0", gid = "0"] = /^(\d{1,9})?(?::(\d{1,9}))?$/.exec(user) ?? [];
  if (!/^(\d{1,9})?(:\d{1,9})?$/.test(user)) throw refused("a user by number, UID or UID:GID", shown(user));
  return { uid: Number(uid), gid: Number(gid) };
}
