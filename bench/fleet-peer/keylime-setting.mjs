/** What Keylime needs around it: configuration, environment and policies. It is written into a folder of the benchmark. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** As Keylime's own templates have it, but for the interval: the next question follows at once. */
const verifier = (/** @type {number} */ port) => `[verifier]
version = 2.6
uuid = default
ip = 127.0.0.1
port = ${port}
registrar_ip = 127.0.0.1
registrar_port = 8891
enable_agent_mtls = True
tls_dir = generate
server_key = default
server_key_password =
server_cert = default
trusted_client_ca = default
client_key = default
client_key_password =
client_cert = default
trusted_server_ca = default
database_url = sqlite
auto_migrate_db = False
num_workers = 1
max_workers = 1
exponential_backoff = True
retry_interval = 2
max_retries = 5
quote_interval = 0
max_upload_size = 104857600
request_timeout = 60
measured_boot_policy_name = accept-all
measured_boot_imports = []
measured_boot_evaluate = once
severity_labels = ["info", "notice", "warning", "error", "critical", "alert", "emergency"]
severity_policy = [{"event_id": ".*", "severity_label": "emergency"}]
ignore_tomtou_errors = False
require_allow_list_signatures = False
mode = pull
shutdown_drain_timeout = 10

[revocations]
enabled_revocation_notifications = []
`;

const AUTHORITY = `[ca]
version = 2.6
password = default
cert_country = US
cert_ca_name = Keylime Certificate Authority
cert_state = MA
cert_locality = Lexington
cert_organization = MITLL
cert_org_unit = 53
cert_ca_lifetime = 3650
cert_lifetime = 365
cert_bits = 2048
cert_crl_dist = http://localhost:38080/crl
`;

/** Silent, so that a log costs nothing. */
const LOGGING = `[loggers]
keys = root
[handlers]
keys = none
[formatters]
keys = plain
[formatter_plain]
format = %(message)s
[logger_root]
level = CRITICAL
handlers = none
[handler_none]
class = NullHandler
args = ()
`;

/** The environment of a process of Keylime that has its files in this folder. @param {string} folder @param {number} [port] */
export function environmentIn(folder, port = 0) {
  const file = (/** @type {string} */ name) => join(folder, `${name}.conf`);
  const files = { verifier: file("verifier"), ca: file("ca"), logging: file("logging") };
  writeFileSync(files.verifier, verifier(port), { mode: 0o600 });
  writeFileSync(files.ca, AUTHORITY);
  writeFileSync(files.logging, LOGGING);
  return {
    ...{ PATH: "/usr/bin:/bin", HOME: folder, TMPDIR: folder, LC_ALL: "C.UTF-8", PYTHONDONTWRITEBYTECODE: "1" },
    ...{ KEYLIME_DIR: folder, KEYLIME_VERIFIER_CONFIG: files.verifier, KEYLIME_LOGGING_CONFIG: files.logging },
    KEYLIME_CA_CONFIG: files.ca,
  };
}

/** A runtime policy that permits these files and no other. @param {Readonly<Record<string, string>>} files digests by path */
export function runtimePolicy(files) {
  const digests = Object.fromEntries(Object.entries(files).map(([path, digest]) => [path, [digest]]));
  return JSON.stringify({
    ...{ meta: { version: 1, generator: 1 }, release: 0, digests, excludes: [], keyrings: {} },
    ima: { ignored_keyrings: [], log_hash_alg: "sha1", dm_policy: null },
    ...{ "ima-buf": {}, "verification-keys": "" },
  });
}

/** Which registers are quoted, and what the first must be. @param {Readonly<Record<string, string>>} boot */
export function registerPolicy(boot) {
  const values = Object.fromEntries(Object.entries(boot).map(([register, value]) => [register, [value]]));
  return JSON.stringify({ mask: "0x1ffff", ...values });
}

/** Which Keylime a folder has: its version, and the commit where git knows it. @param {string} tree */
export function versionOf(tree) {
  const version =
    /^version *= *(\S+)/m.exec(readFileSync(join(tree, "setup.cfg"), "utf8"))?.[1] ?? "of unknown version";
  const { status, stdout } = spawnSync("git", ["-C", tree, "rev-parse", "HEAD"], { encoding: "utf8" });
  return `Keylime ${version}, ${status === 0 ? `commit ${stdout.trim().slice(0, 12)}` : "commit unknown"}`;
}
