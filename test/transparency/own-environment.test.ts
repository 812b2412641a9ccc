/** The environment belongs to the workload, which gets all of it. The supervisor obeys none of its variables. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Bench, shell, until } from "../faults/bench.ts";
import { compiler, NOBODY } from "../sensor/case.ts";
import { isBuilt, SYSTEM_PATH } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";

/** Variables that make a dynamic loader, a C library, a shell or Node act. */
const MEANT_FOR_WORKLOAD = {
  LD_LIBRARY_PATH: "/none",
  GLIBC_TUNABLES: "glibc.malloc.check=3",
  GCONV_PATH: "/none",
  LOCPATH: "/none",
  OPENSSL_CONF: "/none/openssl.cnf",
  OPENSSL_MODULES: "/none",
  SSL_CERT_FILE: "/none",
  NODE_OPTIONS: "--require=/none.js",
  NODE_PATH: "/none",
  NODE_EXTRA_CA_CERTS: "/none",
  UV_THREADPOOL_SIZE: "1",
  SHELLOPTS: "xtrace",
  PS4: "$(echo traced >&2)",
  ENV: "/none",
  BASH_ENV: "/none",
  "BASH_FUNC_readlink%%": "() { echo /none; }",
  LINES_IN_IT: "a\nexport HOME=/none\nexport b='c",
};

describe.skipIf(!isBuilt)("an environment (needs a build)", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.clear());

  it("reaches the workload complete, and the supervisor obeys none of it", async () => {
    const command = ["/usr/bin/env", "-0"];
    const { status, stdout, stderr } = await bench.run("learn -q -o contour", command, { env: MEANT_FOR_WORKLOAD });
    expect([status, stderr]).toEqual([0, ""]);
    const got = stdout.split("\0");
    for (const [name, value] of Object.entries(MEANT_FOR_WORKLOAD)) expect(got).toContain(`${name}=${value}`);
  });

  it.skipIf(!isRoot)("is not the supervisor's (needs root to read it)", async () => {
    let supervisor = 0;
    const waiting = shell("echo x > begun; while [ -e begun ]; do sleep 0.1; done");
    const ended = bench.run("learn -q -o contour", waiting, {
      env: MEANT_FOR_WORKLOAD,
      onStart: (child) => {
        supervisor = child.pid as number;
      },
    });
    await until(() => bench.has("begun"));
    const names = readFileSync(`/proc/${supervisor}/environ`, "utf8")
      .split("\0")
      .map((entry) => entry.split("=")[0] as string);
    bench.remove("begun");
    expect((await ended).status).toBe(0);
    const own = /^(?:PATH|HOME|LC_ALL|PWD|SHLVL|_|ISOLINE_\w+|)$/;
    expect(names.filter((name) => !own.test(name) && !name.startsWith("BASH_FUNC_"))).toEqual([]);
  });

  it.skipIf(compiler === undefined)(
    "with libraries of the workload: they are not loaded into the supervisor (needs gcc)",
    async () => {
      bench.write(
        "evil.c",
        `#include <fcntl.h>
       #include <unistd.h>
       __attribute__((constructor)) static void go(void) { close(open("was-loaded", O_CREAT | O_WRONLY, 0600)); _exit(0); }`,
      );
      mkdirSync(bench.at("lib"));
      // Node is linked with this library, and the shell is not.
      execFileSync("gcc", ["-shared", "-fPIC", "-o", bench.at("lib/libdl.so.2"), bench.at("evil.c")]);
      const env = { LD_LIBRARY_PATH: bench.at("lib") };
      const learnt = await bench.run("learn -q -o contour", shell("echo done"), { env });
      expect([learnt.status, learnt.stdout]).toEqual([0, "done\n"]);
      expect(bench.has("was-loaded")).toBe(false);
      expect(bench.read("contour")).toMatch(/^isoline contour/);
      const harmless = "int nothing;";
      bench.write("harmless.c", harmless);
      execFileSync("gcc", ["-shared", "-fPIC", "-o", bench.at("lib/app.so"), bench.at("harmless.c")]);
      // A library that is loaded into the shell that starts isoline is refused; `env` can set it for the command alone.
      const preload = { LD_PRELOAD: bench.at("lib/app.so") };
      const refused = await bench.run("learn -q -o contour", shell("echo done"), { env: preload });
      expect([refused.status, refused.stdout]).toEqual([125, ""]);
      expect(refused.stderr).toContain(`${bench.at("lib/app.so")} was loaded into the shell that starts isoline`);
      const alone = ["/usr/bin/env", `LD_PRELOAD=${preload.LD_PRELOAD}`, ...shell("echo done")];
      expect((await bench.run("learn -q -o contour", alone)).stdout).toBe("done\n");
    },
  );

  it("with a program called node where the workload could write one: it is skipped", async () => {
    const place = bench.at("node_modules/.bin");
    mkdirSync(place, { recursive: true });
    copyFileSync("/bin/false", `${place}/node`);
    for (const PATH of [`${place}:${SYSTEM_PATH}`, `node_modules/.bin:.::${SYSTEM_PATH}`])
      expect((await bench.run("learn -q -o contour", shell("echo done"), { env: { PATH } })).stdout).toBe("done\n");
  });

  it.skipIf(!isRoot)(
    "with a node that another user can write: root refuses it, unless it is named (needs root)",
    async () => {
      const place = bench.at("bin");
      mkdirSync(place);
      execFileSync("ln", ["-s", process.execPath, `${place}/node`]);
      chownSync(place, NOBODY, NOBODY);
      const start = { uid: 0, env: { PATH: `${place}:${SYSTEM_PATH}` } };
      const refused = await bench.run("learn -q -o contour", shell("echo done"), start);
      expect([refused.status, refused.stderr]).toEqual([
        125,
        `isoline: expected node where only root can write, got ${place}/node; put another first on PATH, or name it with ISOLINE_NODE\n`,
      ]);
      chownSync(place, 0, 0);
      chmodSync(place, 0o777);
      expect((await bench.run("learn -q -o contour", shell("echo done"), start)).status).toBe(125);
      const named = { uid: 0, env: { ...start.env, ISOLINE_NODE: process.execPath } };
      expect((await bench.run("learn -q -o contour", shell("echo done"), named)).stdout).toBe("done\n");
    },
  );
});
