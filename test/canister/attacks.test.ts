/**
 * The hostile workload of `test/sensor/attacks.c` as a container's program. There is no Landlock in a container, so the verdicts
 * alone keep it from what it wins under plain runc, and a limit from dumping core.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ATTACKS, lacked, LOST_ANYWAY, names, TOLD_ANYWAY, won } from "../sensor/attacks.ts";
import { missing, type Result, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox", "gcc");
/** Discard (RFC 863): a datagram to it reaches nothing. */
const PORT = "9";
const RIGHTS = ["SYS_ADMIN", "NET_RAW", "NET_ADMIN", "DAC_READ_SEARCH"].map((name) => `CAP_${name}`);
const LINKS = ["made-by-link", "linked", "linked-again"];
/** The kernel dumps core by itself, which no system call asks for. Without Landlock a limit keeps it from that, but not from a handler. */
const NO_CORE = { type: "RLIMIT_CORE", hard: 0, soft: 0 };
const hasHandler = readFileSync("/proc/sys/kernel/core_pattern", "utf8").startsWith("|");
const NOT_CLOSED = hasHandler ? ["core"] : [];
const FILES = { secret: "secret\n", "jail/file": "secret\n", file: "plain\n", log: "line\n" };

describe.skipIf(why !== undefined)(`attacks in a container${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  beforeAll(() => {
    shop = new Workshop();
    const source = fileURLToPath(new URL("../sensor/attacks.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", shop.path("rootfs/bin/attacks"), source]);
  });
  afterAll(() => shop?.close());

  const at = (name: string) => shop.path(`rootfs/work/${name}`);
  const lay = () => {
    rmSync(shop.path("rootfs/work"), { recursive: true, force: true });
    mkdirSync(at("jail"), { recursive: true });
    for (const [name, text] of Object.entries(FILES)) writeFileSync(at(name), text);
    chmodSync(at("file"), 0o755);
  };
  const bundleOf = (
    words: readonly string[],
    annotations: Readonly<Record<string, string>>,
    limits: object[],
  ): string =>
    shop.bundle("", annotations, (config) => {
      const { process } = config as unknown as { process: { readonly capabilities: Record<string, string[]> } };
      Object.assign(process, { args: ["/bin/attacks", PORT, ...words], cwd: "/work", rlimits: limits });
      for (const kind of ["bounding", "effective", "permitted"]) process.capabilities[kind]?.push(...RIGHTS);
    });
  const run = (mode: string, words: readonly string[]): Result => {
    const label = { "dev.isoline.mode": mode, "dev.isoline.contour": "peace.contour" };
    return shop.runc("run", "--bundle", bundleOf(words, label, [NO_CORE]), shop.id());
  };

  it("none has an effect, and each is refused and told", () => {
    lay();
    const call = ["--root", shop.path("plain"), "run", "--bundle", bundleOf(["all"], {}, []), shop.id()];
    const outside = spawnSync("runc", call, { encoding: "utf8", timeout: 60_000 });
    const isLost = (name: string) => LOST_ANYWAY.has(name) || lacked(outside.stdout).includes(name);
    expect(won(outside.stdout)).toEqual(ATTACKS.filter((name) => !isLost(name)));
    lay();
    expect(run("learn", [])).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(run("enforce", [])).toMatchObject({ status: 0, stdout: "", stderr: "" });
    lay();
    const { stdout } = run("enforce", ["all"]);
    expect(won(stdout)).toEqual(NOT_CLOSED);
    expect(names(stdout)).toEqual(ATTACKS);
    for (const [name, text] of Object.entries(FILES)) expect(readFileSync(at(name), "utf8")).toBe(text);
    expect(LINKS.filter((name) => existsSync(at(name)))).toEqual([]);
    const { verdict, off, refused, incomplete, departures } = shop.report("peace.contour");
    expect(departures.map(({ act }) => act)).toContainEqual(expect.stringMatching(TOLD_ANYWAY));
    expect({ verdict, refused, incomplete }).toEqual({ verdict: "off-contour", refused: off, incomplete: [] });
  });
});
