/** A TPM for a virtual machine: swtpm, manufactured once with a certificate for its endorsement keys, started for each boot. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const TRIES = 500;
const PAUSE_MS = 20;

/** Makes its state in a new folder, and an authority that certifies it. @param {string} place */
export function manufactureTpm(place) {
  const at = (/** @type {string} */ name) => join(place, name);
  mkdirSync(at("state"), { recursive: true });
  mkdirSync(at("ca"));
  writeFileSync(
    at("ca.conf"),
    `statedir = ${at("ca")}\nsigningkey = ${at("ca/signkey.pem")}\nissuercert = ${at("ca/issuercert.pem")}\ncertserial = ${at("ca/serial")}\n`,
  );
  writeFileSync(
    at("ca.options"),
    "--platform-manufacturer isoline\n--platform-version 1\n--platform-model launch-host\n",
  );
  writeFileSync(
    at("setup.conf"),
    `create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = ${at("ca.conf")}\ncreate_certs_tool_options = ${at("ca.options")}\n`,
  );
  // One bank: each of them costs the firmware a digest of all that it measures.
  const words = ["--tpm2", "--tpmstate", at("state"), "--config", at("setup.conf"), "--pcr-banks", "sha256"];
  words.push("--create-ek-cert", "--create-platform-cert", "--lock-nvram", "--overwrite");
  execFileSync("swtpm_setup", words, { stdio: ["ignore", "ignore", "pipe"] });
}

/** The certificates that vouch for its endorsement keys: the root, and the one between. @param {string} place */
export const authorityOf = (place) =>
  ["swtpm-localca-rootca-cert.pem", "issuercert.pem"].map((name) => readFileSync(join(place, "ca", name), "utf8"));

/**
 * Powers it on for a machine; the socket is QEMU's. It ends with the machine.
 *
 * @param {string} place @returns {Promise<string>} the socket's path
 */
export async function startTpm(place) {
  const socket = join(place, "control");
  await started(place, socket, ["--ctrl", `type=unixio,path=${socket}`, "--flags", "startup-clear", "--terminate"]);
  return socket;
}

/**
 * Powers it on without a machine, for commands.
 *
 * @param {string} place @returns {Promise<{ address: string, stop: () => Promise<void> }>}
 */
export async function serveTpm(place) {
  const socket = join(place, "socket");
  const words = ["--server", `type=unixio,path=${socket}`, "--flags", "not-need-init,startup-clear"];
  const child = await started(place, socket, words);
  const stop = async () => {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  };
  return { address: `unix:${socket}`, stop };
}

/** @param {string} place @param {string} socket @param {readonly string[]} words */
async function started(place, socket, words) {
  rmSync(socket, { force: true });
  const all = [
    "--pdeathsig",
    "KILL",
    "swtpm",
    "socket",
    "--tpm2",
    "--tpmstate",
    `dir=${join(place, "state")}`,
    ...words,
  ];
  const child = spawn("setpriv", all, { stdio: "ignore" });
  for (let tries = 0; tries < TRIES && child.exitCode === null; tries++) {
    if (existsSync(socket)) return child;
    await pause(PAUSE_MS);
  }
  throw new Error("swtpm does not listen");
}
