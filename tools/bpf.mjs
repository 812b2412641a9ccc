/**
 * Compiles the BPF programs, once for each way to attach them. Without clang, the objects compiled earlier stay. If there are
 * none, the bpf sensor reports what is missing.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("../packages/linux/bpf/", import.meta.url));
const out = fileURLToPath(new URL("../packages/linux/dist/bpf/", import.meta.url));
const CLANG = "clang-19";
/**
 * Debian keeps the headers of the machine's own ABI here. clang does not search this folder when it compiles for another
 * target.
 */
const MACHINE_HEADERS = "/usr/include/x86_64-linux-gnu";

/** @type {readonly { name: string, define: string, source: string }[]} */
const attachments = [
  { name: "lsm", define: "ATTACH_LSM", source: "sensor.bpf.c" },
  { name: "fmod_ret", define: "ATTACH_FMOD_RET", source: "sensor.bpf.c" },
  { name: "tracepoints", define: "ATTACH_TRACEPOINTS", source: "tracepoints.bpf.c" },
];

const missing = whatIsMissing();
if (missing !== undefined) {
  console.log(`skipped: the BPF programs are not compiled: ${missing}`);
  process.exit(0);
}
mkdirSync(out, { recursive: true });
for (const { name, define, source } of attachments) {
  const { status, stderr } = spawnSync(
    CLANG,
    [
      ...["-target", "bpf", "-O2", "-g", "-mcpu=v3", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror"],
      ...["-D__TARGET_ARCH_x86", `-D${define}`, "-I", MACHINE_HEADERS],
      // Without this option the path of this checkout is written into the object.
      ...[`-ffile-prefix-map=${sources}=`, "-fdebug-compilation-dir=."],
      ...["-c", `${sources}${source}`, "-o", `${out}${name}.bpf.o`],
    ],
    { cwd: sources, encoding: "utf8", timeout: 120_000 },
  );
  if (status === 0) continue;
  console.error(stderr);
  process.exit(1);
}

function whatIsMissing() {
  if (!existsSync(sources)) return "this tree has none";
  if (spawnSync(CLANG, ["--version"]).status !== 0) return `${CLANG} is not installed`;
  if (!existsSync("/usr/include/bpf/bpf_helpers.h")) return "libbpf-dev is not installed";
  return undefined;
}
