/** Labels of security modules, for the conditions `subj_…=` and `obj_…=`. */
import { readFileSync } from "node:fs";
import type { UsedFile } from "@isoline/linux";
import { labelOf } from "./audit/task.ts";
import type { LabelKind } from "./policy/rule.ts";

type Module = "selinux" | "smack" | "apparmor" | undefined;

let running: Module | "unknown" = "unknown";

/** The module that labels tasks and files on this machine. */
function labellingModule(): Module {
  if (running === "unknown") {
    try {
      const names = readFileSync("/sys/kernel/security/lsm", "latin1").trim().split(",");
      running = (["selinux", "smack", "apparmor"] as const).find((name) => names.includes(name));
    } catch {
      running = undefined;
    }
  }
  return running;
}

/** The part of a label that a condition tests; undefined if the module has no such part, as on a kernel without it. */
export function labelPart(kind: LabelKind, file: UsedFile, tid: number): string | undefined {
  const part = kind.slice(kind.indexOf("_") + 1);
  const ofTask = kind.startsWith("subj_");
  switch (labellingModule()) {
    case "selinux": {
      const label = ofTask ? labelOf(tid) : attributeText(file, "security.selinux");
      return label?.split(":")[["user", "role", "type"].indexOf(part)];
    }
    case "smack":
      if (part !== "user") return undefined;
      return ofTask ? labelOf(tid) : attributeText(file, "security.SMACK64");
    case "apparmor":
      return ofTask && part === "role" ? labelOf(tid) : undefined;
    case undefined:
      return undefined;
  }
}

function attributeText(file: UsedFile, name: string): string | undefined {
  const value = file.attribute(name);
  return Buffer.isBuffer(value) ? value.toString("latin1").replace(/\0$/, "") : undefined;
}
