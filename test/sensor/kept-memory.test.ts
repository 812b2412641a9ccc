/**
 * Paths and addresses in memory that the kernel reads for a call, and that another process cannot read as it reads other memory: pages
 * that may only be written, the page at address 0, memfd_secret. Each act is seen as in ordinary memory, named in the report, and refused
 * when enforcing.
 */
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type ListenOptions } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isRoot } from "../support/machine.ts";
import { Bench } from "./bench.ts";
import { compileProbe, compiler, NOBODY, workplace } from "./case.ts";
import { call, kept, type Memory, must, numbers, result, type Script, struct } from "./script.ts";
import { isBuilt, type Outcome, PLAIN } from "./supervised.ts";

const AF_UNIX = 1;
const AF_INET = 2;
const STREAM = 1;
const DATAGRAM = 2;
const CLONE_NEWUSER = 0x1000_0000;
const CLONE_VFORK = 0x4000;
const SIGCHLD = 17;
const [EPERM, EFAULT, ENOSYS] = [1, 14, 38];
/** `mmap` of a page at address 0: read and write; private, fixed, anonymous. */
const pageZero = ["call", String(numbers.mmap_plain), "0", "4096", "3", "0x32", "-1", "0", ";"];
/** Readable for root. */
const secretSetting = "/sys/module/secretmem/parameters/enable";
const hasSecretMemory = isRoot && existsSync(secretSetting) && readFileSync(secretSetting, "latin1").startsWith("Y");
const isPossible = compiler !== undefined && isBuilt;
const hasPageZero = isPossible && mapsPageZero();

/** What vm.mmap_min_addr and a security module permit, which root may pass. */
function mapsPageZero(): boolean {
  const place = workplace();
  try {
    return execFileSync(compileProbe(place), pageZero, { encoding: "utf8" }).endsWith(": ok\n");
  } finally {
    rmSync(place, { recursive: true });
  }
}

const inet = (port: number) => Buffer.from([AF_INET, 0, port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
const unix = (path: string) => Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(`${path}\0`, "latin1")]);
/** `struct clone_args`: flags, three places for results, the signal at its end, stack, its size, thread-local storage. */
const cloneArguments = Buffer.concat([
  struct([8, CLONE_NEWUSER | CLONE_VFORK], [8, 0], [8, 0], [8, 0], [8, SIGCHLD]),
  Buffer.alloc(24),
]);
const sockets: readonly Script[] = [
  must(call("socket", AF_INET, STREAM, 0)),
  must(call("socket", AF_INET, DATAGRAM, 0)),
  must(call("socket", AF_UNIX, STREAM, 0)),
];

interface To {
  readonly tcp: Buffer;
  readonly udp: Buffer;
  readonly unix: Buffer;
}

/** Acts on the three sockets, each with what it names in such memory. The last one makes a child, which ends at once. */
function acts(memory: Memory, to: To): readonly Script[] {
  const named = (bytes: Buffer) => [kept(memory, bytes), bytes.length] as const;
  const path = (name: string) => kept(memory, Buffer.from(`${name}\0`));
  return [
    call("open", path("other"), 0),
    call("chmod", path("file"), 0o777),
    call("connect", result(0), ...named(to.tcp)),
    // At address 0, sendto takes the address for absent.
    ...(memory === "zero" ? [] : [call("sendto", result(1), "x", 1, 0, ...named(to.udp))]),
    call("connect", result(2), ...named(to.unix)),
    call("clone3", ...named(cloneArguments)),
  ];
}

const numbered = (scripts: readonly Script[]): string[] =>
  scripts.map((script) => script.find((word) => /^\d+$/.test(word)) ?? "");
const lines = (scripts: readonly Script[], said: (call: string) => string): string[] =>
  numbered(scripts).map((each) => `${each}: ${said(each)}`);
const onSockets = lines(sockets, () => "ok");
/** When enforcing, clone3 fails for every program: its flags lie in memory. */
const refused = (each: string) => `errno ${Number(each) === numbers.clone3 ? ENOSYS : EPERM}`;
const NOTHING = { tcp: 0, udp: 0, unix: 0 };

/** Memory that the sensor reads as the kernel does. */
const memories: readonly (readonly [name: string, memory: Memory, isThere: boolean])[] = [
  ["a page that may only be written", "write-only", true],
  ["a readable page and a write-only one", "readable, then write-only", true],
  ["a write-only page and a read-only one", "write-only, then read-only", true],
  ["a page at address 0 (needs the right to have one)", "zero", hasPageZero],
];

describe.skipIf(!isPossible)("named where only the kernel reads (needs gcc, a build)", () => {
  let bench: Bench;
  let to: To;
  const contours = new Map<number | undefined, string>();
  const outside: (Outside & { readonly kind: keyof typeof NOTHING })[] = [];
  const user = isRoot ? NOBODY : undefined;
  const order = (memory: Memory) => {
    const uid = memory === "zero" ? undefined : user;
    return { uid, contour: contours.get(uid) as string };
  };

  /** What the report names, in the order of the acts. */
  const named = (memory: Memory): readonly string[] =>
    [
      "open path=./other",
      "chmod path=./file",
      `connect family=inet address=127.0.0.1:${outside[0]!.port}`,
      "send family=inet address=127.0.0.1:$foreign",
      "connect family=unix address=./outside.socket",
      "namespace call=clone kinds=user",
    ].filter((act) => memory !== "zero" || !act.startsWith("send"));
  const shown = ({ departures }: Outcome["report"]): readonly string[] =>
    departures.map(({ act }) =>
      act
        .replaceAll(bench.directory, ".")
        .split(" ")
        .filter((word) => !/^(?:access|mode|uid|gid|fs|to|type)=/.test(word))
        .join(" "),
    );

  /** How often each was reached since the last look. */
  async function reached(): Promise<typeof NOTHING> {
    const counts = { ...NOTHING };
    for (const { kind, taken } of outside) counts[kind] = await taken();
    return counts;
  }

  beforeAll(async () => {
    bench = new Bench(user);
    const socket = bench.at("outside.socket");
    outside.push({ kind: "tcp", ...(await listener({ host: "127.0.0.1", port: 0 })) });
    outside.push({ kind: "udp", ...(await receiver()) });
    outside.push({ kind: "unix", ...(await listener({ path: socket })) });
    chmodSync(socket, 0o777);
    to = { tcp: inet(outside[0]!.port), udp: inet(outside[1]!.port), unix: unix(socket) };
    for (const uid of new Set([user, undefined])) {
      const learnt = await bench.run([call("open", "file", 0), ...sockets], {
        uid,
        policy: { ...PLAIN, reaction: "log" },
      });
      contours.set(uid, learnt.learnt);
    }
  });
  beforeEach(async () => {
    bench.lay();
    chmodSync(bench.at("file"), 0o644);
    await reached();
  });
  afterAll(() => {
    for (const { close } of outside) close();
    bench?.close();
  });

  for (const [name, memory, isThere] of memories) {
    it.skipIf(!isThere)(`${name}: when watching, each act is named in the report`, async () => {
      const off = acts(memory, to);
      const { stdout, report } = await bench.run([...sockets, ...off], { ...order(memory), mode: "watch" });
      // The child of clone3 says so too.
      const said = [...onSockets, ...lines(off, () => "ok"), `${numbers.clone3}: ok`];
      expect(stdout.split("\n").slice(0, -1)).toEqual(said);
      expect(shown(report)).toEqual(named(memory));
      expect(report).toMatchObject({ incomplete: [], refused: 0 });
      expect(await reached()).toEqual({ tcp: 1, udp: memory === "zero" ? 0 : 1, unix: 1 });
    });

    it.skipIf(!isThere)(`${name}: when enforcing, no act has an effect but what is on contour`, async () => {
      const off = acts(memory, to);
      const on = call("open", kept(memory, Buffer.from("file\0")), 0);
      const { stdout, report } = await bench.run([...sockets, ...off, on], { ...order(memory), mode: "enforce" });
      expect(stdout.split("\n").slice(0, -1)).toEqual([...onSockets, ...lines(off, refused), `${numbers.open}: ok`]);
      expect(shown(report)).toEqual(named(memory).slice(0, -1));
      expect(report).toMatchObject({ off: off.length - 1, refused: off.length - 1, incomplete: [] });
      expect(statSync(bench.at("file")).mode & 0o777).toBe(0o644);
      expect(await reached()).toEqual(NOTHING);
    });
  }

  it.skipIf(!hasSecretMemory)("memfd_secret (needs root, a kernel that has it): no act has an effect", async () => {
    for (const mode of ["watch", "enforce"] as const) {
      const off = acts("secret", to);
      const { stdout } = await bench.run([...sockets, ...off], { ...order("secret"), mode });
      const said = (each: string) => `errno ${Number(each) === numbers.clone3 && mode === "enforce" ? ENOSYS : EFAULT}`;
      expect(stdout.split("\n").slice(0, -1)).toEqual([...onSockets, ...lines(off, said)]);
      expect(statSync(bench.at("file")).mode & 0o777).toBe(0o644);
      expect(await reached()).toEqual(NOTHING);
    }
  });
});

interface Outside {
  readonly port: number;
  /** How many came since the last look. What came first is taken first, so one of its own comes after all of them. */
  readonly taken: () => Promise<number>;
  readonly close: () => void;
}

async function listener(where: ListenOptions): Promise<Outside> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.destroy();
  }).listen(where);
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const taken = async () => {
    const last = where.path === undefined ? connect(port, "127.0.0.1") : connect(where.path);
    await once(last.resume(), "close");
    const others = count - 1;
    count = 0;
    return others;
  };
  return { port, taken, close: () => server.close() };
}

async function receiver(): Promise<Outside> {
  let count = 0;
  const socket = createSocket("udp4").on("message", () => (count += 1));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  const taken = async () => {
    const last = once(socket, "message");
    socket.send("last", port, "127.0.0.1");
    await last;
    const others = count - 1;
    count = 0;
    return others;
  };
  return { port, taken, close: () => socket.close() };
}
