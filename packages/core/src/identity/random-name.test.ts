import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { isRandomName, type Naming, safeExtension } from "./random-name.ts";

const plain: Naming = {
  program: "prog",
  exclusive: false,
  permissions: 0o666,
  temporary: false,
  parent: "dir",
  holdsPid: false,
};
const secretive = (program: string): Naming => ({ ...plain, program, exclusive: true, permissions: 0o600 });
const temporary: Naming = { ...plain, temporary: true, parent: "tmp" };

describe("meaningful names stay, whichever program creates them", () => {
  const names = `
    index.html README.md README LICENSE Makefile CMakeLists.txt package.json package-lock.json tsconfig.base.json
    node_modules libfoo.so.1.2.3 libstdc++.so.6.0.33 ld-linux-x86-64.so.2 libLLVM-19.so.1 linux-image-6.12.57+deb13-amd64
    x86_64 x86_64-linux-gnu aarch64 arm64v8 win32-x64 win32x64 sha256 sha512sum md5sums base64url.js utf8mb4.sql
    id_rsa id_ed25519 id_ed25519.pub curve25519.js ISO8859-1.so UTF-16.so CP1252.so en_US.UTF-8 GMT+10 xterm-256color
    HelloWorld.java XMLHttpRequest.js getElementById.js Uint8Array.js BigInt64Array.d.ts iOSApp.swift YouTube.svg
    lib.es2015.symbol.wellknown.d.ts es2023.full.d.ts cp313-cp313-manylinux_2_17_x86_64.whl jquery-3.7.1.min.js
    foo-1.2.3-py3-none-any.whl module.cpython-313.pyc 0001-initial.sql 20240101_init.sql page-1.html chapter12.md
    main.o util.c.o foo.d app.log app.log.1 app.log.1.gz error.log access-2026-11-24.log 2024-01-01-welcome.md
    .bashrc .npmrc .gitignore .foo.txt.swp 4913 file~ #file# db.sqlite db.sqlite-journal db.sqlite-wal db.sqlite-shm
    index.lock HEAD.lock config.lock COMMIT_EDITMSG ORIG_HEAD packed-refs .npmrc.backup authorized_keys known_hosts
    socket.sock agent.sock docker.sock bus postmaster.pid redis.pid dump.rdb appendonly.aof.1.base.rdb 16384 16384_fsm
    i18n l10n a11y k8s e2e h264 mp3 v8.h int8x16 mat4x4.glsl X509v3.h aes128gcm.c deadbeef facade decade cafebabe
    template.html temperature.csv contemporary.txt attempt tempo.mid Temps.tsx object subject project_output
    __init__.py __pycache__ __tests__ jest.config.js vite.config.ts .eslintrc.cjs .editorconfig Dockerfile.dev
    \\x20with\\x20space naïve.txt 日本語.txt a ab abc
  `;
  test.each(names.trim().split(/\s+/))("%s", (name) => {
    expect(isRandomName(name, plain)).toBe(false);
    expect(isRandomName(name, { ...plain, exclusive: true })).toBe(false);
  });
});

describe("names that cannot be the same twice are random, whichever program creates them", () => {
  const names = `
    123e4567-e89b-12d3-a456-426614174000.json upload-123E4567-E89B-12D3-A456-426614174000
    2026-11-24T14_20_30_123Z-debug-0.log 2026-11-24T14:20:30Z report-20261124-142030.txt core-20261124142030
    backup_2026-11-24_14-20-30.tar.gz session-1732458030 job-1732458030123.json
    module.cpython-313.pyc.140234567890128 package-lock.json.3712749485 data.json.734523 x.json.1234567890
    deadbeef01 3f2a1b9c upload_3f2a1b9c.bin chunk-7GQ3HV2X.js V1StGXR8 x7Gh2k.dat foo-aB3dE5gH aZ09bY18cX
    PostgreSQL.1234567890
  `;
  test.each(names.trim().split(/\s+/))("%s", (name) => {
    expect(isRandomName(name, plain)).toBe(true);
  });
});

describe("the mark of mkstemp and mkdtemp in a directory for temporaries is enough", () => {
  test.each([0o600, 0o700])("mode 0%o", (permissions) => {
    expect(isRandomName("words", { ...temporary, exclusive: true, permissions })).toBe(false);
    expect(isRandomName("wordwo", { ...temporary, exclusive: true, permissions })).toBe(true);
    expect(isRandomName("words", { ...temporary, exclusive: true, permissions })).toBe(false);
    expect(isRandomName("wordwo", { ...plain, exclusive: true, permissions })).toBe(false);
    expect(isRandomName("words", { ...temporary, exclusive: true, permissions })).toBe(false);
    expect(isRandomName("wordwo", { ...temporary, permissions })).toBe(false);
    expect(isRandomName("words", { ...temporary, exclusive: true, permissions })).toBe(false);
    expect(isRandomName("wordwo", { ...temporary, exclusive: true, permissions: 0o644 })).toBe(false);
  });
});

test("it is also enough in a directory that a program calls tmp", () => {
  const drawn = { ...plain, exclusive: true, permissions: 0o700 };
  const randomIn = (parent: string, naming: Partial<Naming> = {}) =>
    isRandomName("wordwo", { ...drawn, parent, ...naming });
  expect(["tmp", ".tmp", "_tmp", "temp", "Temp"].filter((parent) => !randomIn(parent))).toEqual([]);
  expect(["dir", "tmpl", "attempt", "shm", ""].filter((parent) => randomIn(parent))).toEqual([]);
  expect([randomIn("tmp", { permissions: 0o755 }), randomIn("tmp", { exclusive: false })]).toEqual([false, false]);
});

describe("programs that make temporary names outside of it", () => {
  const cases: readonly [program: string, ...names: string[]][] = [
    [
      "git",
      "tmp_obj_abcdef",
      "tmp_obj_AbC123",
      "tmp_pack_ZZZZZZ",
      "tmp_idx_a1b2c3",
      "refs_abcdef",
      "tabcdef",
      "tXyZ012",
    ],
    ["sed", "sedabcdef", "sedA1b2C3"],
    ["sort", "sortabcdef", "sortAbC1d2"],
    ["strip", "stabcdef"],
    ["rsync", ".notes.txt.abcdef", ".notes.txt.AbC1d2"],
    ["python3.13", "tmpabcdefgh", "tmpab1_cd2x", "tmpa1b2c3d4.json"],
    ["pip", "INSTALLERq8xxipek.tmp", "RECORDothqnxyz.tmp"],
    ["ssh-keygen", "known_hosts.AbC1de", "known_hosts.qwerty", "known_hosts.kGzekmXCIW"],
    ["mytool", "mytool-AbCdEf", "mytool.abcdef"],
  ];
  test.each(cases)("%s", (program, ...names) => {
    expect(names.filter((name) => !isRandomName(name, secretive(program)))).toEqual([]);
    expect(isRandomName("settings.json", secretive(program))).toBe(false);
  });

  test("every name that mktemp creates counts as drawn", () => {
    expect(["confmrMiOD", "abcdef", "xyz"].map((name) => isRandomName(name, secretive("mktemp")))).toEqual([
      true,
      true,
      true,
    ]);
    expect(isRandomName("confmrMiOD", secretive("mytool"))).toBe(false);
  });

  test("six characters that change class at the end of a name that is certainly new", () => {
    expect(isRandomName("state_17flpO", { ...plain, exclusive: true })).toBe(true);
    expect(isRandomName("state_17flpO", plain)).toBe(false);
    expect(isRandomName("lib_ES2015", { ...plain, exclusive: true })).toBe(false);
    expect(isRandomName("my_README", { ...plain, exclusive: true })).toBe(false);
  });

  test("compilers and build systems", () => {
    const by = (program: string) => ({ ...plain, program, exclusive: true, permissions: 0o777 });
    expect(isRandomName("rustcYHzdCJ", by("rustc"))).toBe(true);
    expect(isRandomName("rmetaiNXeKr", by("rustc"))).toBe(true);
    expect(isRandomName("targetamuXec", by("cargo"))).toBe(true);
    expect(isRandomName("targetamuXec", by("node"))).toBe(false);
    expect(isRandomName("s-hogom5dv61-01rduzm-working", by("rustc"))).toBe(true);
    expect(isRandomName("s-hogom5dv61-01rduzm.lock", { ...plain, program: "rustc" })).toBe(true);
    expect(isRandomName("TryCompile-WhXZYG", by("cmake"))).toBe(true);
    expect(isRandomName("cmTC_744fe.dir", by("cmake"))).toBe(true);
    expect(isRandomName("o.oajPkzq", by("patch"))).toBe(true);
    expect(isRandomName("zijuSpfp", secretive("zip"))).toBe(true);
  });

  test("coreutils, GLib and semaphores need no private mode", () => {
    expect(isRandomName("sem.mp-abcdefgh", { ...plain, exclusive: true, permissions: undefined })).toBe(true);
    expect(isRandomName("CuAbCdEf", { ...plain, program: "ln", exclusive: true, permissions: undefined })).toBe(true);
    expect(isRandomName(".goutputstream-ABC123", { ...plain, exclusive: true })).toBe(true);
  });

  test.each([
    "server.key",
    "id_rsa",
    "id_ed25519",
    "cookies",
    "secrets.backup",
    "db.sqlite",
    "shadow",
    "passwd",
    "app.properties",
    "app.Properties",
    "mytool-config",
  ])("a private file with a name stays: %s", (name) => {
    expect(isRandomName(name, secretive("mytool"))).toBe(false);
  });
});

describe("a name or a place that says temporary lowers the bar", () => {
  test.each(["k3j9x0q1", "npm-12345-3f2a1b", "abc1def2gh", "node-compile-AbC123", "run.54321"])(
    "%s in /tmp",
    (name) => {
      expect(isRandomName(name, temporary)).toBe(true);
    },
  );
  test.each(["12345678", "1a2b3c4d", "a1b2c3d4"])("npm's cache: tmp/%s", (name) => {
    expect(isRandomName(name, { ...plain, parent: "tmp" })).toBe(true);
  });
  test("written aside", () => {
    expect(["Cache.txt.tmpae110", "Makefile.tmpabcde", ".tmpAbCdEf"].map((name) => isRandomName(name, plain))).toEqual([
      true,
      true,
      true,
    ]);
    expect(["a.tmp", "a.tmpl", "dev.tmpfs", "b.template"].map((name) => isRandomName(name, plain))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
  test("shared memory", () => {
    expect(isRandomName("psm_12345678", { ...plain, parent: "shm" })).toBe(true);
    expect(isRandomName("my-queue", { ...plain, exclusive: true, permissions: 0o600, parent: "shm" })).toBe(false);
  });
  test.each([".tmp-ab12cd3", "build.tmp.ab1cd2ef", "tmpAbC12d", "temp-48213.rdb"])("%s anywhere", (name) => {
    expect(isRandomName(name, plain)).toBe(true);
  });
  test.each([
    "output",
    "test-1",
    "test01",
    "build",
    "result.json",
    "my_project",
    "part2",
    "a.out",
    "hsperfdata_ann",
    "x86_64",
    "sha256",
  ])("%s stays in /tmp", (name) => {
    expect(isRandomName(name, temporary)).toBe(false);
  });
});

test("the id of a process makes a name volatile", () => {
  expect(isRandomName("agent.1234", plain)).toBe(false);
  expect(isRandomName("agent.1234", { ...plain, holdsPid: true })).toBe(true);
});

test.each([
  ["ccAbCdEf.s", ".s"],
  ["ccAbCdEf.o", ".o"],
  ["2026-11-24T14_20_30_123Z-debug-0.log", ".log"],
  ["3f2a1b9c.tar.gz", ".gz"],
  ["song-3f2a1b9c.mp3", ".mp3"],
  ["db-3f2a1b9c.sqlite", ".sqlite"],
  ["tmp.AbCdEfGhIj", ""],
  ["known_hosts.abcdef", ""],
  ["known_hosts.AbC1de", ""],
  ["x.json.1234567890", ""],
  ["agent.1234", ""],
  [".hidden", ""],
  ["3f2a1b9c", ""],
  ["a.b\\x20c", ""],
])("of %s the extension %j may stay", (name, extension) => {
  expect(safeExtension(name)).toBe(extension);
});

/** At this length, what takes a step for each pair of letters takes 2^37 of them. */
const LONG = 2 ** 19;

/** So many steps take minutes. The limit of a test does not end a function that is stuck in a pattern; this one does. */
const LIMIT_MS = 60_000;

test.each(["a.", "a", "1-", ".tmp_", "aB", "\\xff", "2020", "1x", "a.1"])(
  "a name of %j again and again is judged in steps that grow with its length, and not with the square of it",
  (piece) => {
    const name = piece.repeat(LONG / piece.length);
    const judge = () => [isRandomName(name, plain), isRandomName(name, secretive("a")), safeExtension(name)];
    expect(runInNewContext("judge()", { judge }, { timeout: LIMIT_MS })).toHaveLength(3);
  },
);
