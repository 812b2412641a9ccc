/** An ApplicationProfile of Kubescape (spdx.softwarecomposition.kubescape.io/v1beta1) for one container. */
import { capabilityNames } from "@isoline/core/event";
import { stringify } from "yaml";
import { type Exported, gaps, HELD_CAPABILITIES, WITHOUT_ACTORS } from "./format.ts";
import { plainPath } from "./pattern.ts";
import type { FilePermit, Permits } from "./permits.ts";

/** Kubescape's word for one component with any name, and for any number of components. */
const ANY_NAME = "⋯";
const ANY_PATH = "*";

export function toKubescape(permits: Permits, name: string): Exported {
  const named = permits.files.filter(({ path }) => plainPath(path) !== undefined);
  const skipped = permits.files.filter(({ path }) => plainPath(path) === undefined).map(({ path }) => path);
  const profile = {
    apiVersion: "spdx.softwarecomposition.kubescape.io/v1beta1",
    kind: "ApplicationProfile",
    metadata: { name },
    spec: {
      architectures: ["amd64"],
      containers: [
        {
          name,
          capabilities: capabilityNames(permits.capabilities).map((each) => each.toUpperCase()),
          execs: named.filter(({ uses }) => uses.has("execute")).map((file) => ({ path: placeIn(file) })),
          opens: named.flatMap((file) => {
            const flags = flagsOf(file);
            return flags.length === 0 ? [] : [{ path: placeIn(file), flags }];
          }),
          endpoints: [],
          syscalls: [],
        },
      ],
    },
  };
  return {
    text: stringify(profile, { lineWidth: 0 }),
    unsaid: [
      WITHOUT_ACTORS,
      HELD_CAPABILITIES,
      "arguments of programs: a contour has the script, and not each argument",
      "system calls: a contour has acts, so the list is empty",
      "addresses: they belong in a NetworkNeighborhood, which names workloads of the cluster",
      "removed and renamed files, modes, owners, signals, mounts",
      ...(skipped.length === 0 ? [] : [`files whose names cannot be written in a profile: ${skipped.join(", ")}`]),
      ...gaps(permits),
    ],
  };
}

function placeIn({ path, beyond }: FilePermit): string {
  const base = path === "/" ? "" : (plainPath(path) as string);
  if (beyond === 0) return base || "/";
  return base + (Number.isFinite(beyond) ? `/${ANY_NAME}`.repeat(beyond) : `/${ANY_PATH}`);
}

function flagsOf({ uses }: FilePermit): string[] {
  const writes = uses.has("write");
  const reads = uses.has("read") || uses.has("map") || uses.has("list");
  return [
    ...(reads && !writes ? ["O_RDONLY"] : []),
    ...(writes && !reads ? ["O_WRONLY"] : []),
    ...(reads && writes ? ["O_RDWR"] : []),
    ...(uses.has("make") ? ["O_CREAT"] : []),
    ...(uses.has("list") ? ["O_DIRECTORY"] : []),
  ];
}
