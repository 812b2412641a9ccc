/** `isoline export`: a contour in the form of another system's policy. */
import type { Contour } from "@isoline/core/contour";
import type { Places } from "@isoline/linux";
import { toAppArmor } from "./apparmor.ts";
import type { Exported, ExportFormat } from "./format.ts";
import { toKubeArmor } from "./kubearmor.ts";
import { toKubescape } from "./kubescape.ts";
import { toLandlock } from "./landlock.ts";
import { permitsOf } from "./permits.ts";
import { toSeccomp } from "./seccomp.ts";
import { toSystemd } from "./systemd.ts";

/** `places`: what the tokens of the contour stand for where the policy will be used. `name`: of the profile or resource. */
export function exportContour(contour: Contour, format: ExportFormat, places: Places, name: string): Exported {
  if (format === "landlock") return toLandlock(contour, places);
  const permits = permitsOf(contour, places);
  switch (format) {
    case "seccomp":
      return toSeccomp(permits);
    case "apparmor":
      return toAppArmor(permits, name);
    case "systemd":
      return toSystemd(permits);
    case "kubearmor":
      return toKubeArmor(permits, name);
    case "kubescape":
      return toKubescape(permits, name);
  }
}
