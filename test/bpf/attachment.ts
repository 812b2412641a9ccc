/** Whether the bpf sensor attaches by tracepoints here, because the kernel has no hooks for it. */
import { LinuxError } from "../../packages/linux/src/error.ts";
import type { Attachment } from "../../packages/linux/src/sensor/bpf/attachment.ts";
import { Load } from "../../packages/linux/src/sensor/bpf/load.ts";
import { isBuilt } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";

const attaches = (attachment: Attachment): boolean => {
  try {
    Load.try(attachment);
    return true;
  } catch (fault) {
    if (fault instanceof LinuxError) return false;
    throw fault;
  }
};

export const attachesByTracepoints =
  isRoot && isBuilt && !attaches("lsm") && !attaches("fmod_ret") && attaches("tracepoints");
