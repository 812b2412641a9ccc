/** The security modules that are active in this kernel. */
import { readFileSync } from "node:fs";
import { listSecurityModules } from "./landlock.ts";

/** uapi/linux/lsm.h; only the modules that this package looks for. */
const moduleNames: ReadonlyMap<bigint, string> = new Map([
  [101n, "selinux"],
  [102n, "smack"],
  [103n, "tomoyo"],
  [104n, "apparmor"],
  [109n, "bpf"],
  [110n, "landlock"],
]);

/** Read from the kernel itself since 6.8, before that from securityfs if it is mounted; undefined if neither is available. */
export function activeModules(): readonly string[] | undefined {
  const ids = listSecurityModules();
  if (typeof ids !== "number") return ids.map((id) => moduleNames.get(id) ?? String(id));
  try {
    return readFileSync("/sys/kernel/security/lsm", "latin1").trim().split(",");
  } catch {
    return undefined;
  }
}
