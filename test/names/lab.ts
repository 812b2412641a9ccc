/**
 * A network of its own with a real name server (dnsmasq), in which isoline and its workload run as an ordinary user. What the
 * name server was asked is in its own log.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Bench } from "../faults/bench.ts";
import { type Ended, ended, isBuilt, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";
import { isInstalled, isRoot } from "../support/machine.ts";

const SERVER = "192.0.2.53";
export const PORT = "8443";

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const may = () => spawnSync("unshare", ["-mn", "true"]).status === 0;
export const possible = isRoot && isBuilt && ["dnsmasq", "ip", "setpriv"].every(isInstalled) && may();

/** Programs that look a host up and connect, each by another resolver. Of those that cannot be compiled here, the reason. */
export type Client = "glibc" | "musl" | "Go" | "c-ares" | "Python" | "curl";

export class Lab {
  readonly bench = new Bench();

  constructor() {
    this.bench.write("policy.yaml", "rules: { host-name: true }\n");
  }

  /** From now on these names have these addresses, with spaces between them, and all others do not exist. */
  serve(records: Readonly<Record<string, string>>): void {
    const lines = [
      "no-resolv",
      "no-hosts",
      "user=root",
      `listen-address=${SERVER}`,
      "bind-interfaces",
      "log-queries=extra",
      "local=/test/",
      ...Object.entries(records).flatMap(([name, addresses]) =>
        addresses.split(" ").map((one) => `host-record=${name},${one}`),
      ),
    ];
    this.bench.write("dnsmasq.conf", `${lines.join("\n")}\n`);
  }

  /** Runs isoline there. The words are separated by spaces. `without` is a program that fails there. */
  run(words: string, command: readonly string[], without = ""): Promise<Ended> {
    const { directory, uid = 0 } = this.bench;
    const user = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
    const inside = [...user, isolineProgram, ...words.split(" "), "--", ...command];
    const place = ["-mn", "sh", fromHere("./place.sh"), directory, process.execPath, ...inside];
    return ended("unshare", place, { cwd: directory, env: { WITHOUT: without } });
  }

  learn(command: readonly string[], contour = "contour"): Promise<Ended> {
    return this.run(`learn -q --lens policy.yaml -o ${contour}`, command);
  }

  /** The acts about hosts on a contour, in the order of the file, without their points. */
  hosts(contour = "contour"): readonly string[] {
    const acts = this.bench.read(contour).match(/^ {2}(?:resolve|connect|send) .*$/gm) ?? [];
    return acts
      .map((line) => line.trim().replace(/ [0-9a-f]{64}$/, ""))
      .filter((act) => !act.includes("family=netlink"));
  }

  /** The names that the name server was asked for in the last run. */
  asked(): readonly string[] {
    return Array.from(this.bench.read("queries").matchAll(/query\[\w+\] (\S+) from/g), ([, name]) => name as string);
  }

  departures(): readonly string[] {
    return this.bench.report().departures.map(({ act }) => act);
  }

  /** The words that start a client; undefined where it is not installed, or its compiler is not. */
  client(client: Client): readonly string[] | undefined {
    const { directory } = this.bench;
    const compiled = (compiler: string, words: readonly string[], env = {}) => {
      if (!isInstalled(compiler)) return undefined;
      const program = this.bench.at(client);
      if (!existsSync(program))
        execFileSync(compiler, [...words, "-o", program].flat(), {
          env: { PATH: SYSTEM_PATH, HOME: directory, ...env },
        });
      return [program];
    };
    switch (client) {
      case "glibc":
        return compiled("gcc", ["-O1", fromHere("./clients/libc.c")]);
      case "musl":
        return compiled("musl-gcc", ["-static", "-O1", fromHere("./clients/libc.c")]);
      case "Go":
        return goProgram(this.bench.at(client), directory);
      case "c-ares":
        return [process.execPath, fromHere("./clients/c-ares.mjs")];
      case "Python":
        return existsSync("/usr/bin/python3") ? ["/usr/bin/python3", "-S", fromHere("./clients/python.py")] : undefined;
      case "curl":
        return isInstalled("curl") ? ["curl", "-s", "--max-time", "20"] : undefined;
    }
  }

  odd(way: string): readonly string[] {
    return ["/usr/bin/python3", "-S", fromHere("./clients/odd.py"), way, SERVER];
  }

  clear(): void {
    this.bench.clear();
  }
}

function goProgram(program: string, directory: string): readonly string[] | undefined {
  if (!isInstalled("go")) return undefined;
  if (!existsSync(program)) {
    const env = {
      PATH: SYSTEM_PATH,
      HOME: directory,
      GOCACHE: `${directory}/go-cache`,
      CGO_ENABLED: "0",
      GO111MODULE: "off",
    };
    execFileSync("go", ["build", "-o", program, fromHere("./clients/go.go")], { env });
  }
  return [program];
}
