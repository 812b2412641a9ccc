/** An engine and a sensor of this machine, with the kernel's own vsock between them; one line of JSON about what came of it. */
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { isolineAs, program } from "./isoline.mjs";

const PORT = 4050;
/** The address of this very machine (vsock(7), VMADDR_CID_LOCAL). */
const LOCAL = 1;
const { cwd, run } = isolineAs(0);
for (const end of ["engine", "sensor"]) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(`${cwd}/${end}.pem`, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  writeFileSync(`${cwd}/${end}.pub`, publicKey.export({ type: "spki", format: "pem" }));
}
const words = ["engine", "serve", "--listen", `vsock:any:${PORT}`, "--key", "engine.pem", "--sensor-key", "sensor.pub"];
const engine = spawn(program, words, { cwd, stdio: ["ignore", "ignore", "pipe"] });
let log = "";
engine.stderr.setEncoding("utf8").on("data", (text) => (log += text));
while (!log.includes("listening at")) await once(engine.stderr, "data");

const wire = ["--engine", `vsock:${LOCAL}:${PORT}`, "--engine-key", "engine.pub", "--sensor-key", "sensor.pem"];
const patience = ["--engine-deadline", "60"];
const learnt = run("learn", "-q", "-o", "far.contour", ...wire, ...patience, "--", "cat", "/etc/hostname");
const refused = run(
  "run",
  "far.contour",
  "--enforce",
  "--no-landlock",
  ...wire,
  ...patience,
  "--",
  "cat",
  "/etc/passwd",
);
run("learn", "-q", "-o", "near.contour", "--", "cat", "/etc/hostname");
engine.kill("SIGTERM");
await once(engine, "exit");
const [far, near] = ["far", "near"].map((name) => readFileSync(`${cwd}/${name}.contour`, "utf8"));
const isRefused = /refused, off contour: .*\/etc\/passwd/.test(refused.stderr) && !refused.stdout.includes("root:");
console.log(JSON.stringify({ learnt: learnt.status, isSame: far !== "" && far === near, isRefused, log }));
