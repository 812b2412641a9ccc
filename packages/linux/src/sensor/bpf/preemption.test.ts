/** Which kernels leave programs out, by what they say of themselves. */
import { expect, it } from "vitest";
import { type KernelWords, skipping } from "./preemption.ts";

const debian: KernelWords = {
  release: "6.12.118+deb13-amd64",
  version: "#1 SMP PREEMPT_DYNAMIC Debian 6.12.118-1 (2026-11-02)",
  mode: undefined,
  commandLine: "BOOT_IMAGE=/vmlinuz root=/dev/vda1 quiet",
  config:
    "CONFIG_PREEMPT_BUILD=y\n# CONFIG_PREEMPT_NONE is not set\nCONFIG_PREEMPT_VOLUNTARY=y\n# CONFIG_PREEMPT is not set\nCONFIG_PREEMPT_DYNAMIC=y\n",
};
const arch = { ...debian, config: "CONFIG_PREEMPT_BUILD=y\nCONFIG_PREEMPT=y\nCONFIG_PREEMPT_DYNAMIC=y\n" };
const early = { release: "6.1.0-40-amd64" };

it.each<[string, KernelWords]>([
  ["by default", debian],
  ["as it is set now", { ...arch, mode: "none (voluntary) full lazy\n" }],
  ["as it was booted", { ...arch, commandLine: "quiet preempt=full preempt=none\n" }],
  ["that does not say it", { ...debian, config: undefined }],
  ["without preemption", { ...debian, version: "#1 SMP Debian 5.10.0" }],
])("none is left out by a kernel that does not preempt itself, %s", (_, words) => {
  expect([skipping("fmod_ret", words), skipping("lsm", { ...words, ...early })]).toEqual([undefined, undefined]);
});

it.each<[string, string, KernelWords]>([
  ["PREEMPT_RT", "as a real-time kernel", { ...debian, version: "#1 SMP PREEMPT_RT Debian 6.12.118-1" }],
  ["preempt=full", "as it is set now", { ...debian, mode: "none voluntary (full) lazy\n" }],
  ["preempt=lazy", "as it was booted", { ...debian, commandLine: "preempt=none preempt=lazy quiet\n" }],
  ["CONFIG_PREEMPT=y", "by default", arch],
  ["PREEMPT", "always", { ...debian, version: "#1 SMP PREEMPT Mon Nov 2 2026" }],
])(
  "by a kernel that preempts itself (%s, %s), unless they are at the hooks of security modules since 6.2",
  (how, _, words) => {
    expect(skipping("fmod_ret", words)).toContain(
      `preempts its own code (${how}), and does not call each program then; use bpf among`,
    );
    expect(skipping("lsm", { ...words, ...early })).toContain(
      "; use a kernel from 6.2 on, or boot with preempt=voluntary",
    );
    expect([skipping("lsm", words), skipping("tracepoints", words)]).toEqual([undefined, undefined]);
  },
);
