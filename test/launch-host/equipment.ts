/** What it takes to build and to boot a launch host. */
import { existsSync } from "node:fs";
import { present } from "../../tools/run.mjs";
import { kernel } from "../../tools/images/uki.mjs";
import { busybox } from "../vm/image/initramfs.ts";

/** The package that is missing to build an image; empty if none is. */
export function missingToBuild(): string {
  if (process.arch !== "x64") return "an x86-64 machine";
  if (kernel() === undefined) return "linux-image-amd64, unpacked";
  if (!existsSync("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")) return "systemd-boot-efi";
  const programs = { "/usr/bin/ukify": "systemd-ukify", zstd: "zstd", gcc: "gcc", runc: "runc" };
  return Object.entries(programs).find(([program]) => !present(program))?.[1] ?? "";
}

/** The same, to boot it. */
export function missingToBoot(): string {
  if (!existsSync("/usr/share/OVMF/OVMF_CODE_4M.fd")) return "ovmf";
  if (busybox() === undefined) return "busybox-static, unpacked";
  const programs = {
    "qemu-system-x86_64": "qemu-system-x86",
    swtpm: "swtpm",
    swtpm_setup: "swtpm-tools",
    setpriv: "util-linux",
  };
  return missingToBuild() || (Object.entries(programs).find(([program]) => !present(program))?.[1] ?? "");
}
