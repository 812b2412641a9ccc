/** A KubeArmorPolicy (security.kubearmor.com/v1) with the action Allow: what it does not name is denied. */
import { capabilityNames } from "@isoline/core/event";
import { stringify } from "yaml";
import { type Exported, gaps, HELD_CAPABILITIES, WITHOUT_ACTORS } from "./format.ts";
import { plainPath } from "./pattern.ts";
import type { FilePermit, Permits, Use } from "./permits.ts";

const CHANGING: readonly Use[] = ["write", "make", "remove", "change"];
const PROTOCOLS: Readonly<Record<string, string>> = { stream: "tcp", dgram: "udp", raw: "raw" };

export function toKubeArmor(permits: Permits, name: string): Exported {
  const skipped: string[] = [];
  const files = permits.files.filter(({ path }) => {
    const isPlain = plainPath(path) !== undefined;
    if (!isPlain) skipped.push(path);
    return isPlain;
  });
  const executed = files.filter(({ uses }) => uses.has("execute"));
  const protocols = [
    ...new Set(permits.sockets.filter(({ family }) => family.startsWith("inet")).map(({ type }) => PROTOCOLS[type])),
  ].filter((protocol) => protocol !== undefined);
  const capabilities = capabilityNames(permits.capabilities);
  const policy = {
    apiVersion: "security.kubearmor.com/v1",
    kind: "KubeArmorPolicy",
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      process: matches(executed, () => ({})),
      file: matches(files, ({ uses }) => (CHANGING.some((use) => uses.has(use)) ? {} : { readOnly: true })),
      ...(protocols.length > 0
        ? { network: { matchProtocols: protocols.sort().map((protocol) => ({ protocol })) } }
        : {}),
      ...(capabilities.length > 0
        ? { capabilities: { matchCapabilities: capabilities.map((capability) => ({ capability })) } }
        : {}),
      action: "Allow",
    },
  };
  return {
    text: stringify(policy, { lineWidth: 0 }),
    unsaid: [
      WITHOUT_ACTORS,
      "addresses and ports: a network rule names a protocol",
      "mode, owner, names and times apart from content",
      HELD_CAPABILITIES,
      "signals, ptrace, mounts, namespaces and every other act on the system",
      ...(skipped.length === 0 ? [] : [`files whose names cannot be written in a policy: ${skipped.join(", ")}`]),
      ...gaps(permits),
    ],
  };
}

/** A file is a path; a directory that may be listed, or whose names may be any, is a directory with all below it. */
function matches(files: readonly FilePermit[], more: (file: FilePermit) => object): object {
  const whole = files.filter(({ beyond, uses }) => beyond > 0 || uses.has("list"));
  const single = files.filter((file) => !whole.includes(file));
  return {
    ...(single.length > 0 ? { matchPaths: single.map((file) => ({ path: plainPath(file.path), ...more(file) })) } : {}),
    ...(whole.length > 0
      ? {
          matchDirectories: whole.map((file) => ({
            dir: file.path === "/" ? "/" : `${plainPath(file.path)}/`,
            ...(file.beyond > 0 ? { recursive: true } : {}),
            ...more(file),
          })),
        }
      : {}),
  };
}
