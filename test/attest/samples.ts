/** Bodies for tests, as a supervisor and a node would write them. */
import type { CanisterBody, NodeBody } from "../../packages/attest/src/evidence/index.ts";

export const digest = (byte: number) => new Uint8Array(32).fill(byte);

export const nodeSample = (change: Partial<NodeBody> = {}): Omit<NodeBody, "type" | "canisters"> => ({
  node: "node-1",
  made: 1_790_000_000_000,
  build: { version: "0.1.0", digest: digest(1) },
  sensors: [{ sensor: "bpf", programs: [{ name: "file_open", digest: digest(2) }] }],
  kernel: { release: "6.12.0", version: "#1 SMP", machine: "x86_64" },
  mitigations: [{ name: "spec_store_bypass", setting: "force-disabled" }],
  complete: true,
  losses: [],
  ...change,
});

export const canisterSample = (label: string, change: Partial<CanisterBody> = {}): Omit<CanisterBody, "type"> => ({
  label,
  image: `sha256:${"3".repeat(64)}`,
  contour: digest(4),
  profile: "iso1",
  mode: "enforcing",
  sealed: true,
  sensor: "bpf",
  guarantee: "every call that the sensor knows was judged before it had an effect",
  state: digest(5),
  measurement: digest(6),
  points: 7,
  counters: { events: 100, departures: 0, refused: 0, lost: 0, untrusted: 0 },
  incomplete: [],
  started: 1_789_999_000_000,
  ...change,
});
