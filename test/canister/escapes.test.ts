/**
 * A hostile container with the host's process ids and more capabilities than it should have. It tries to reach the host's root and
 * network. Each way works under plain runc; enforced, none does, and the report says that it led to the host.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, copyFileSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, type Result, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox", "gcc");
const RIGHTS = ["SYS_ADMIN", "SYS_PTRACE", "SYS_CHROOT", "DAC_READ_SEARCH", "MKNOD"].map((name) => `CAP_${name}`);
/** A device that there is none of: what matters is that it is neither made nor mounted. */
const DEVICE = "7:1048575";

/** Permitted inside, and steps that reach the host and take nothing there. */
const ENTERED = ["peace", "set-mounts", "set-network", "hold-root", "hold-socket"];
const WAYS = [
  "link-of-root",
  "link-of-directory",
  "link-of-file",
  "from-root",
  "change-directory",
  "change-root",
  "climb",
  "change-program",
  "mounts",
  "mounts-of-process",
  "nsenter",
  "by-handle",
  "descriptor",
  "bind-mount",
  "copy-tree",
  "make-device",
  "mount-device",
  "memory",
  "trace",
  "signal",
  "network",
  "network-of-process",
];
/** The kernel refuses them by itself: a runtime leaves nothing above the root, and mounts of other namespaces cannot be bound. */
const LOST_ANYWAY: ReadonlySet<string> = new Set(["climb", "bind-mount", "mount-device"]);
/** What the report says of them besides what was opened and executed. */
const TOLD = [
  /^open access=read path=ns:mnt /,
  /^open access=read path=ns:net /,
  /^open access=path path=\$ABOVE /,
  /^open access=read path=\?unnamed:\?by-handle /,
  /^open access=read,write path=\/proc\/\$other\/mem /,
  /^namespace call=setns kinds=mount$/,
  /^namespace call=setns kinds=net$/,
  /^chroot path=\$ABOVE$/,
  /^chroot path=\$TMP$/,
  /^exec path=\/bin\/busybox .* as=nsenter$/,
  /^exec path=\$HOST\S*\/cat /,
  /^getfd relation=outside$/,
  /^mount call=mount source=\$ABOVE path=\/run /,
  /^mount call=open_tree .* path=\$ABOVE /,
  /^mknod path=\/dev\/of-host .* device=7:1048575$/,
  /^mount call=mount source=\/dev\/of-host path=\/run type=ext4 /,
  /^ptrace request=seize relation=outside$/,
  /^kill signal=18 relation=outside$/,
  /^socket family=\$NET:host\/inet type=stream /,
  /^connect family=inet type=stream address=\$NET:host\/127\.0\.0\.1:\d+$/,
];

interface Departure {
  readonly act: string;
  readonly refused: number;
}
interface Configuration {
  readonly process: { args: string[]; readonly capabilities: Record<string, string[]> };
  readonly linux: { namespaces: { readonly type: string }[]; resources: unknown };
}

describe.skipIf(why !== undefined)(`ways out of a container${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  let host: ChildProcess;
  let server: Server;
  let words: readonly string[];

  beforeAll(async () => {
    shop = new Workshop();
    const program = shop.path("rootfs/bin/escapes");
    const source = fileURLToPath(new URL("./escapes.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", program, source]);
    // The same path, with other content, inside and on the host.
    const twin = shop.path("twin/file");
    for (const [root, text] of [
      ["", "host\n"],
      [shop.path("rootfs"), "inside\n"],
    ] as const) {
      mkdirSync(`${root}${shop.path("twin")}`, { recursive: true });
      writeFileSync(`${root}${twin}`, text);
    }
    copyFileSync(program, shop.path("twin/program"));
    const file = openSync(twin, "r");
    host = spawn("sleep", ["600"], { cwd: shop.place, stdio: [file, "ignore", "ignore"] });
    closeSync(file);
    server = createServer((socket) => socket.on("error", () => {}).end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const handle = spawnSync(program, [twin], { encoding: "utf8" }).stdout;
    words = ["/bin/escapes", `${host.pid}`, twin, handle, `${port}`, DEVICE];
  });
  afterAll(() => {
    host?.kill("SIGKILL");
    server?.close();
    shop?.close();
  });

  const bundleOf = (ways: readonly string[], annotations: Readonly<Record<string, string>>, other?: string): string =>
    shop.bundle("", annotations, (config) => {
      const { process, linux } = config as unknown as Configuration;
      const [program = "", pid = "", twin = "", handle = "", ...rest] = words;
      process.args = [program, pid, twin, other ?? handle, ...rest, ...ways];
      for (const kind of ["bounding", "effective", "permitted"]) process.capabilities[kind]?.push(...RIGHTS);
      linux.namespaces = linux.namespaces.filter(({ type }) => type !== "pid");
      linux.resources = { devices: [{ allow: true, access: "rwm" }] };
    });
  const run = (mode: string, contour: string, ways: readonly string[], handle?: string): Result => {
    const label = { "dev.isoline.mode": mode, "dev.isoline.contour": contour };
    return shop.runc("run", "--bundle", bundleOf(ways, label, handle), shop.id());
  };
  const plain = (ways: readonly string[]) => {
    const call = ["--root", shop.path("plain"), "run", "--bundle", bundleOf(ways, {}), shop.id()];
    return spawnSync("runc", call, { encoding: "utf8", timeout: 60_000 });
  };

  const won = ({ stdout }: { readonly stdout: string }) =>
    [...stdout.matchAll(/^(\S+) won$/gm)].map(([, name]) => name);
  const tried = ({ stdout }: { readonly stdout: string }) =>
    [...stdout.matchAll(/^(\S+) (?:won|lost \d+)$/gm)].map(([, name]) => name);
  const departures = (contour: string) => shop.report(contour)["departures"] as readonly Departure[];

  it("all but three lead to the host without isoline", () => {
    const all = [...ENTERED, ...WAYS];
    expect(won(plain(all))).toEqual(all.filter((way) => !LOST_ANYWAY.has(way)));
  });

  it("each is told, and says that it led to the host", () => {
    expect(won(run("learn", "harmless.contour", ["peace"]))).toEqual(["peace"]);
    const result = run("check", "harmless.contour", [...ENTERED, ...WAYS]);
    expect(won(result)).toEqual([...ENTERED, ...WAYS].filter((way) => !LOST_ANYWAY.has(way)));
    const acts = departures("harmless.contour").map(({ act }) => act);
    for (const act of TOLD) expect(acts).toContainEqual(expect.stringMatching(act));
    const path = `path=$HOST${shop.path("twin")}`;
    expect(acts).toContainEqual(expect.stringContaining(`open access=read ${path}/file `));
    expect(acts).toContainEqual(expect.stringContaining(`exec ${path}/program `));
  });

  it.each<[string, string, readonly string[]]>([
    ["what is harmless", "harmless.contour", ["peace"]],
    // The same paths and addresses are permitted inside, and the step to the host is; what is found there is not.
    ["the step to the host", "entered.contour", ENTERED],
  ])("none leads there where %s was learnt", (_, contour, learnt) => {
    expect(won(run("learn", contour, learnt))).toEqual(learnt);
    const result = run("enforce", contour, [...ENTERED, ...WAYS]);
    expect([won(result), tried(result)]).toEqual([learnt, [...ENTERED, ...WAYS]]);
    expect(shop.report(contour)).toMatchObject({ verdict: "off-contour" });
    for (const { act, refused } of departures(contour)) expect([act, refused > 0]).toEqual([act, true]);
  });

  it("the host's network does not pass for the container's, where a program uses it first", () => {
    const learnt = ["peace", "set-network"];
    expect(won(run("learn", "first.contour", learnt))).toEqual(learnt);
    expect(won(run("enforce", "first.contour", ["set-network", "network"]))).toEqual(["set-network"]);
    const acts = departures("first.contour").map(({ act }) => act);
    expect(acts).toContainEqual(expect.stringMatching(/^socket family=\$NET:host\/inet type=stream /));
  });

  it("no file of the host is opened by its handle, not even the one that was learnt: its name is not known", () => {
    const other = shop.path("twin/other");
    writeFileSync(other, "host\n");
    const handle = spawnSync(shop.path("rootfs/bin/escapes"), [other], { encoding: "utf8" }).stdout;
    expect(won(run("learn", "handle.contour", ["by-handle"], handle))).toEqual(["by-handle"]);
    for (const given of [undefined, handle]) {
      const result = run("enforce", "handle.contour", ["by-handle"], given);
      expect([won(result), tried(result)]).toEqual([[], ["by-handle"]]);
      expect(shop.report("handle.contour")).toMatchObject({
        incomplete: [{ reason: "path not resolved (by-handle)" }],
      });
    }
  });
});
