/**
 * Credentials for a registry, from the files of podman and docker (containers-auth.json(5); docker's config.json).
 *
 *   $REGISTRY_AUTH_FILE, alone if it is set
 *   ${XDG_RUNTIME_DIR:-/run/containers/UID}/containers/auth.json, ~/.config/containers/auth.json
 *   ${DOCKER_CONFIG:-~/.docker}/config.json
 *
 * No part of these files ever appears in a message.
 */
import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { CliError } from "../../error.ts";
import { readBounded, Unfit } from "../../store/bounded-file.ts";

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

type Table = Readonly<Record<string, unknown>>;

const MOST_BYTES = 2 ** 20;
const HELPER_MS = 10_000;

/** Hosts of Docker Hub: podman keeps its login under the second, docker under a URL of the third. */
const HUB = ["registry-1.docker.io", "docker.io", "index.docker.io"] as const;
/** The name that docker's helper programs know Docker Hub by (docker/cli, `registry.IndexServer`). */
const HUB_FOR_HELPERS = "https://index.docker.io/v1/";

/** The most specific ones: of the repository, of its namespaces, of the host. Undefined if there are none. */
export function credentialsFor(host: string, name = ""): Credentials | undefined {
  const places = namesOf(host).flatMap((each) => placesBelow(each, name));
  for (const file of files()) {
    const table = tableIn(file);
    const found = table && credentialsIn(file, table, places, host);
    if (found) return found;
  }
  return undefined;
}

function namesOf(host: string): readonly string[] {
  return isHub(host) ? [host, ...HUB.filter((each) => each !== host)] : [host];
}

function isHub(host: string): boolean {
  return (HUB as readonly string[]).includes(host);
}

function placesBelow(host: string, name: string): readonly string[] {
  const parts = [host, ...name.split("/").filter((part) => part !== "")];
  return parts.map((_, index) => parts.slice(0, parts.length - index).join("/"));
}

function files(): readonly string[] {
  const { REGISTRY_AUTH_FILE: named, XDG_RUNTIME_DIR: runtime, DOCKER_CONFIG: docker } = process.env;
  if (named !== undefined && named !== "") return [named];
  const home = process.env["HOME"] ?? homedir();
  return [
    runtime ? join(runtime, "containers/auth.json") : `/run/containers/${process.getuid?.() ?? 0}/auth.json`,
    join(home, ".config/containers/auth.json"),
    join(docker ?? join(home, ".docker"), "config.json"),
  ];
}

function tableIn(file: string): Table | undefined {
  const bytes = readBounded(file, MOST_BYTES, "follow");
  if (bytes instanceof Unfit) {
    if (bytes.found === "nothing" && file !== process.env["REGISTRY_AUTH_FILE"]) return undefined;
    throw bad(file, bytes.found);
  }
  try {
    return tableOf(JSON.parse(bytes.toString("utf8")));
  } catch {
    // The parser's message would quote the content.
    throw bad(file, "no JSON");
  }
}

function credentialsIn(file: string, table: Table, places: readonly string[], host: string): Credentials | undefined {
  const entries = new Map(Object.entries(tableOf(table["auths"])).map(([key, value]) => [bare(key), tableOf(value)]));
  const entry = places.map((place) => entries.get(place)).find((each) => each !== undefined);
  if (typeof entry?.["auth"] === "string" && entry["auth"] !== "") return inEntry(file, entry["auth"]);
  const helpers = tableOf(table["credHelpers"]);
  const listed = [...namesOf(host), ...(isHub(host) ? [HUB_FOR_HELPERS] : [])].find((each) =>
    Object.hasOwn(helpers, each),
  );
  const helper = listed === undefined ? table["credsStore"] : helpers[listed];
  if (typeof helper === "string" && helper !== "")
    return fromHelper(helper, listed ?? (isHub(host) ? HUB_FOR_HELPERS : host));
  if (entry !== undefined && "identitytoken" in entry)
    throw bad(file, `an identity token for ${host}, which isoline cannot use: log in with a password or access token`);
  return undefined;
}

function inEntry(file: string, auth: string): Credentials {
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1) throw bad(file, "an entry without user and password");
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** A program that stores them (docker-credential-helpers, "Development"). */
function fromHelper(helper: string, host: string): Credentials | undefined {
  if (!/^[\w.-]{1,64}$/.test(helper)) throw bad("credHelpers", "no name of a program");
  const told = spawnSync(`docker-credential-${helper}`, ["get"], {
    input: host,
    encoding: "utf8",
    timeout: HELPER_MS,
    maxBuffer: MOST_BYTES,
    stdio: ["pipe", "pipe", "ignore"],
  });
  if (told.error || told.status !== 0) return undefined;
  try {
    const { Username: user, Secret: password } = tableOf(JSON.parse(told.stdout));
    if (typeof user === "string" && typeof password === "string" && user !== "<token>") return { user, password };
  } catch {
    // Reported below.
  }
  throw bad(`docker-credential-${helper}`, "no user and password");
}

/** Docker writes some hosts as URLs. */
function bare(key: string): string {
  return /^https?:\/\//.test(key) ? key.replace(/^https?:\/\//, "").replace(/\/.*$/, "") : key.replace(/\/+$/, "");
}

function tableOf(value: unknown): Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Table) : {};
}

function bad(file: string, found: string): CliError {
  return new CliError(
    "bad-credentials",
    `${file}: expected credentials for registries as podman login writes them, found ${found}`,
  );
}
