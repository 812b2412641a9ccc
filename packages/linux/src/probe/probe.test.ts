import { describe, expect, it } from "vitest";
import { isAtLeast, type Machine, probeMachine } from "./machine.ts";
import { type Notification, probeNotification } from "./notification.ts";
import type { Probe } from "./probe.ts";
import { type BpfTrial, probeBpfPrograms } from "./bpf-programs.ts";
import { probeSecurityModules } from "./security-modules.ts";
import { type Looking, probeLooking } from "./tasks.ts";

const named = (probes: readonly Probe[], name: string) => probes.find((probe) => probe.name.startsWith(name)) as Probe;

describe("kernel releases", () => {
  it.each([
    ["6.12.3-amd64", 5, 9, true],
    ["5.9.0", 5, 9, true],
    ["5.10.0-30-cloud", 5, 9, true],
    ["5.8.18", 5, 9, false],
    ["4.19.0", 5, 9, false],
    ["10.0.1", 5, 9, true],
    ["unheard of", 5, 9, false],
  ])("%s is at least %i.%i: %s", (release, major, minor, is) => {
    expect(isAtLeast(release, major, minor)).toBe(is);
  });
});

describe("the machine", () => {
  const machine: Machine = {
    release: "6.12.0",
    architecture: "x64",
    uid: 1000,
    capabilities: 0n,
    noNewPrivileges: false,
  };
  const root = { ...machine, uid: 0, capabilities: 1n << 21n };

  it("an old kernel, another architecture: named, with what it takes", () => {
    const probes = probeMachine({ ...machine, release: "5.4.0", architecture: "arm64" });
    expect(named(probes, "kernel")).toMatchObject({ works: false, required: true, needs: "Linux 5.9" });
    expect(named(probes, "architecture")).toMatchObject({ works: false, required: true, detail: "arm64" });
  });

  it("set-user-ID programs gain nothing without CAP_SYS_ADMIN", () => {
    expect(named(probeMachine(machine), "set-user-ID")).toMatchObject({
      works: false,
      fix: expect.stringContaining("root"),
    });
    expect(named(probeMachine(root), "set-user-ID")).toMatchObject({ works: true });
  });

  it("nor for root under no_new_privs, and then nothing helps", () => {
    const probe = named(probeMachine({ ...root, noNewPrivileges: true }), "set-user-ID");
    expect(probe.works).toBe(false);
    expect(probe.fix).toBeUndefined();
  });
});

describe("user notification", () => {
  const well: Notification = { action: 0, listener: { listener: 0, syncWakeUp: 0 }, waitKillable: true };

  it("all of it", () => {
    expect(probeNotification(well).map(({ works }) => works)).toEqual([true, true, true]);
  });

  it("a listener on this process: isoline must run elsewhere", () => {
    const probe = named(
      probeNotification({ ...well, listener: { listener: 16, syncWakeUp: 16 } }),
      "user notification",
    );
    expect(probe).toMatchObject({
      works: false,
      detail: expect.stringContaining("under a listener already"),
      fix: expect.stringContaining("outside"),
    });
  });

  it("an older kernel: it works, but costs more", () => {
    const probes = probeNotification({ ...well, listener: { listener: 0, syncWakeUp: 22 }, waitKillable: false });
    expect(probes.map(({ works, required }) => [works, required])).toEqual([
      [true, true],
      [false, false],
      [false, false],
    ]);
    expect(probes.map(({ needs }) => needs).slice(1)).toEqual(["Linux 6.6", "Linux 5.19"]);
  });

  it("a feature that could not be tested does not count as working", () => {
    const probe = named(probeNotification({ ...well, listener: { untried: "no threads" } }), "user notification");
    expect(probe).toMatchObject({ works: false, detail: "could not be tested: no threads" });
  });

  it("a kernel without it", () => {
    expect(named(probeNotification({ ...well, action: 95 }), "user notification")).toMatchObject({
      works: false,
      fix: expect.stringContaining("newer kernel"),
    });
  });
});

describe("looking into tasks", () => {
  const open: Looking = { pidfd: 0, getfd: 0, memory: 0, threadPidfd: 0, ptraceScope: 1 };

  it("all of it, with Yama's scope of 1 too", () => {
    expect(probeLooking(open).every(({ works }) => works)).toBe(true);
  });

  it("closed by Yama: says which number to set", () => {
    const probe = named(probeLooking({ ...open, memory: 1, ptraceScope: 3 }), "process_vm_readv");
    expect(probe).toMatchObject({
      works: false,
      required: true,
      fix: "kernel.yama.ptrace_scope is 3: set it to 1 or 0",
    });
  });

  it("closed by something else", () => {
    expect(named(probeLooking({ ...open, getfd: 1, ptraceScope: undefined }), "pidfd_getfd").fix).toContain(
      "seccomp profile",
    );
  });
});

describe("security modules", () => {
  const now = { landlock: 7, active: ["landlock", "bpf"] };
  const landlock = (version: number) => named(probeSecurityModules({ ...now, landlock: version }), "Landlock");

  it("Landlock by version: what an older one lacks is named", () => {
    expect(landlock(7)).toMatchObject({ works: true, detail: "version 7: every feature that isoline uses" });
    expect(landlock(9).detail).toBe("version 9: every feature that isoline uses");
    expect(landlock(5).detail).toBe("version 5: without abstract-unix-socket, signal, refusals in the audit log");
    expect(landlock(1).detail).toContain("without refer, truncate, bind-tcp, connect-tcp");
  });

  it("no Landlock: not built, or not switched on", () => {
    expect(landlock(-38)).toMatchObject({ works: false, fix: expect.stringContaining("CONFIG_SECURITY_LANDLOCK") });
    expect(landlock(-95)).toMatchObject({ works: false, fix: expect.stringContaining("lsm=") });
  });

  it("bpf in the list, not in it, or unknown", () => {
    const bpf = (active: readonly string[] | undefined) =>
      named(probeSecurityModules({ ...now, active }), "BPF security module");
    expect(bpf(["landlock", "bpf"]).works).toBe(true);
    expect(bpf(["landlock"])).toMatchObject({ works: false, fix: expect.stringContaining("lsm=") });
    expect(bpf(undefined)).toMatchObject({ works: false, detail: expect.stringContaining("not known") });
  });
});

describe("the bpf sensor", () => {
  const all: BpfTrial = {
    hasTypes: true,
    libbpf: "",
    isCompiled: true,
    isPrivileged: true,
    attachments: { lsm: "", fmod_ret: "not tried", tracepoints: "not tried" },
  };
  const attachment = (trial: Partial<BpfTrial>) => named(probeBpfPrograms({ ...all, ...trial }), "attachment");

  it("attached as a security module, or by return values: both can refuse, and it says so", () => {
    expect(attachment({})).toMatchObject({ works: true, detail: expect.stringContaining("lsm/") });
    expect(attachment({ attachments: { lsm: "no", fmod_ret: "", tracepoints: "not tried" } })).toMatchObject({
      works: true,
      detail: expect.stringContaining("fmod_ret/"),
    });
  });

  it("attached before acts, where the kernel preempts itself: not used to refuse, and it says why", () => {
    const attachments = { lsm: "no", fmod_ret: "", tracepoints: "not tried" };
    const { detail } = attachment({ attachments, skips: "the kernel preempts its own code (preempt=full)" });
    expect(detail).toContain("not used to refuse: the kernel preempts its own code (preempt=full)");
    expect(detail).not.toContain("can refuse it");
  });

  it("attached to tracepoints: these cannot refuse, and it says so", () => {
    expect(attachment({ attachments: { lsm: "errno 1", fmod_ret: "errno 1", tracepoints: "" } })).toMatchObject({
      works: true,
      only: expect.stringContaining("cannot refuse"),
    });
  });

  it("not attached: it names the errors and the next step", () => {
    expect(
      attachment({ attachments: { lsm: "errno 1", fmod_ret: "errno 22", tracepoints: "errno 95" } }),
    ).toMatchObject({
      works: false,
      detail: "lsm/: errno 1; fmod_ret/: errno 22; tracepoints: errno 95",
      fix: expect.stringContaining("kernel"),
    });
    const untried = { lsm: "not tried", fmod_ret: "not tried", tracepoints: "not tried" };
    expect(attachment({ isPrivileged: false, attachments: untried }).fix).toBe("run isoline as root");
  });

  it("without libbpf, programs or types it does not count as working", () => {
    const missing = probeBpfPrograms({
      ...all,
      libbpf: "cannot open shared object file",
      isCompiled: false,
      hasTypes: false,
    });
    expect(missing.filter(({ works, required }) => !works && required).map(({ name }) => name)).toEqual([
      "kernel types (BTF)",
      "libbpf",
      "BPF programs",
    ]);
  });
});
