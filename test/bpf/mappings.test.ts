/** What one process that supervises one namespace after the other keeps of those that are over, as the agent does for a node. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BpfMap } from "../../packages/linux/src/libbpf/map.ts";
import { KernelNamespace, type KernelNamespaceOptions } from "../../packages/linux/src/sensor/bpf/kernel-namespace.ts";
import { attachesByTracepoints } from "./attachment.ts";

const options: KernelNamespaceOptions = {
  attachment: "tracepoints",
  mode: "tell",
  versions: "run",
  bars: false,
  keys: 64,
  holdSeconds: 1,
  supervisor: process.pid,
  label: "mappings",
};

/** How many mappings of maps of the BPF programs this process has. */
const mappings = () => readFileSync("/proc/self/maps", "latin1").split("anon_inode:bpf-map").length - 1;

describe.skipIf(!attachesByTracepoints)("a process that begins and ends namespaces", () => {
  it("keeps no mapping of one that is over, or could not begin, and refuses to read what is gone", () => {
    // It keeps the BPF programs loaded, which takes seconds.
    const standing = KernelNamespace.begin(options);
    try {
      const before = mappings();
      for (let number = 0; number < 3; number++) {
        const kernel = KernelNamespace.begin(options);
        const during = mappings();
        kernel.reader.drain(() => {});
        kernel.leave();
        expect([during > before, mappings()]).toEqual([true, before]);
        expect(() => kernel.reader.drain(() => {})).toThrow(/read after it had been closed/);
        expect(() => kernel.rest.sleep(0, () => false)).toThrow(/had been left/);
      }
      // Found out when its ring has been mapped.
      expect(() => KernelNamespace.begin({ ...options, holdSeconds: Number.NaN })).toThrow(RangeError);
      expect(mappings()).toBe(before);
    } finally {
      standing.leave();
    }
    expect(mappings()).toBe(0);
  });

  it("reaches no map by one that is closed, whose number another one has by then", () => {
    const shape = { type: "hash", keyBytes: 4, valueBytes: 4, entries: 4, flags: 0 } as const;
    const closed = BpfMap.create("closed", shape);
    closed.close();
    const other = BpfMap.create("other", shape);
    try {
      expect(closed.fd).not.toBe(other.fd);
      expect(closed.update(Buffer.alloc(4), Buffer.alloc(4))).toBe(false);
      closed.close();
      expect(other.keys(4, 4)).toEqual([]);
      expect(other.update(Buffer.alloc(4), Buffer.alloc(4))).toBe(true);
    } finally {
      other.close();
    }
  });
});
