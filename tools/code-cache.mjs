/**
 * Stores the code that V8 compiles for the bundle, so that no start has to compile it again: 90 ms less processor time before a
 * container's first instruction, measured.
 *
 * V8 compiles only what runs. So the bundle is run with a loader that stores what was compiled. Each run starts with the stored
 * code of the run before it and adds to it. On a machine where isoline cannot supervise, no code is stored, and the bundle
 * starts without it.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const loader = fileURLToPath(new URL("./loader.cjs", import.meta.url));
const bin = fileURLToPath(new URL("../packages/isoline/bin/", import.meta.url));

/**
 * A supervisor exits as soon as its threads have reported their end. So threads store their code before that report, and other
 * processes store it at exit.
 */
const RECORDING = `
const { renameSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { parentPort, threadId } = require("node:worker_threads");
function keep() {
  for (const [name, { script }] of loaded) {
    const file = \`\${__dirname}/\${name}.cache\`;
    const aside = \`\${file}.\${process.pid}-\${threadId}\`;
    writeFileSync(aside, script.createCachedData());
    renameSync(aside, file);
  }
}
if (parentPort === null) setInterval(keep, 20).unref();
else {
  const post = parentPort.postMessage.bind(parentPort);
  parentPort.postMessage = (message, ...rest) => {
    if ((message?.message ?? message)?.kind === "ended") keep();
    post(message, ...rest);
  };
  process.on("exit", keep);
}
`;

/** What container runtimes do, as far as an unprivileged user may: mounts in its own namespaces, names, modes, signals, sockets. */
const BEHAVIOUR = `
cd "$1"; mkdir -p a/b; echo x >a/f; ln -s f a/l; ln a/f a/g; chmod 700 a/f; mv a/g a/h; rm a/h a/l; rmdir a/b; cat a/f /proc/self/status >a/i
kill -0 $$; kill -CONT $$; touch a/i; ls -l a /
unshare --user --map-root-user --mount --pid --fork --net --uts --ipc sh -c '
  mount -t tmpfs none a && mkdir a/proc a/old && mount -t proc none a/proc; mount --bind a/proc a/old; umount a/old; hostname x
  mknod a/p p; chown 0:0 a; chmod 755 a; pivot_root a a/old; true'
exit 0
`;

/** @param {string} folder of the bundle, whose entries are started by load.js */
export async function keepCode(folder) {
  const place = mkdtempSync(join(tmpdir(), "isoline-bundle-"));
  const contour = join(place, "contour");
  const script = join(place, "behaviour.sh");
  writeFileSync(script, BEHAVIOUR);
  const { dependencies } = JSON.parse(readFileSync(new URL("../packages/linux/package.json", import.meta.url), "utf8"));
  writeFileSync(join(folder, "kept-for"), `${process.arch}${JSON.stringify(process.versions)}\n${dependencies.koffi}`);
  writeFileSync(join(folder, "load.js"), readFileSync(loader, "utf8") + RECORDING);
  try {
    const workload = ["sh", script, place];
    for (const how of [
      ["learn", "-q", "-o", contour],
      ["run", "-q", "--enforce", contour],
    ])
      spawnSync(join(bin, "isoline"), [...how, "--", ...workload], { stdio: "ignore", timeout: 30_000 });
    containerise(place);
    await containeriseAtAgent(place);
  } finally {
    copyFileSync(loader, join(folder, "load.js"));
    rmSync(place, { recursive: true, force: true });
    // A process that was killed while it stored its code leaves half of it.
    for (const half of readdirSync(folder).filter((name) => /\.cache\.\d+-\d+$/.test(name))) rmSync(join(folder, half));
    if (!existsSync(join(folder, "supervise-thread-code.js.cache")))
      console.log("no compiled code was stored with the bundle: isoline learn does not work here");
  }
}

/** A container without files, where runc may create one. Everything but its program can be started. @param {string} place */
function containerise(place) {
  if (process.geteuid?.() !== 0 || spawnSync("runc", ["spec"], { cwd: place }).status !== 0) return;
  const file = join(place, "config.json");
  const config = JSON.parse(readFileSync(file, "utf8"));
  config.process.terminal = false;
  mkdirSync(join(place, config.root.path));
  config.root.readonly = false;
  writeFileSync(join(place, "host.json"), JSON.stringify({ contours: place, reports: place }));
  const env = { ...process.env, ISOLINE_CANISTERS: join(place, "host.json"), XDG_RUNTIME_DIR: place };
  for (const mode of ["learn", "check"]) {
    config.annotations = { "dev.isoline.mode": mode, "dev.isoline.contour": "warm.contour" };
    writeFileSync(file, JSON.stringify(config));
    const words = ["--root", join(place, "state"), "run", "--bundle", place, `warm-${process.pid}`];
    spawnSync(join(bin, "isoline-runc"), words, { env, stdio: "ignore", timeout: 30_000 });
  }
}

/** The same container, handed over to an agent. @param {string} place of `containerise` */
async function containeriseAtAgent(place) {
  if (!existsSync(join(place, "host.json"))) return;
  const socket = join(place, "agent", "socket");
  const configuration = join(place, "agent.yaml");
  writeFileSync(configuration, `socket: ${socket}\nmetrics: none\nadopt: false\nthreads: 1\n`, { mode: 0o600 });
  const env = {
    ...process.env,
    ISOLINE_CANISTERS: join(place, "host.json"),
    XDG_RUNTIME_DIR: place,
    ISOLINE_AGENT: socket,
  };
  const agent = spawn(join(bin, "isoline"), ["agent", "--config", configuration], {
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const over = once(agent, "exit");
  let log = "";
  agent.stdout.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  /** @param {string} event */
  const logged = async (event) => {
    for (let tries = 0; tries < 500 && agent.exitCode === null && !log.includes(`"event":"${event}"`); tries++)
      await setTimeout(20);
  };
  const id = `warm-agent-${process.pid}`;
  const call = (/** @type {string[]} */ ...words) =>
    spawnSync(join(bin, "isoline-runc"), ["--root", join(place, "state"), ...words], {
      env,
      stdio: "ignore",
      timeout: 30_000,
    });
  await logged("ready");
  call("run", "--detach", "--bundle", place, id);
  call("delete", "--force", id);
  await logged("ended");
  agent.kill("SIGKILL");
  await over;
}
