/** What it takes to build a launch host. */
import { existsSync } from "node:fs";
import { present } from "../../tools/run.mjs";
import { kernel } from "../../tools/images/uki.mjs";

/** The package that is missing to build an image; empty if none is. */
export function missingToBuild(): string {
  if (process.arch !== "x64") return "an x86-64 machine";
  if (kernel() === undefined) return "linux-image-amd64, unpacked";
  if (!existsSync("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")) return "systemd-boot-efi";
  const programs = { "/usr/bin/ukify": "systemd-ukify", zstd: "zstd", gcc: "gcc", runc: "runc" };
  return Object.entries(programs).find(([program]) => !present(program))?.[1] ?? "";
}
