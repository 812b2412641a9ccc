/**
 * Which verifiers a person speaks to, and as who: `$ISOLINE_FLEET_CONFIG`, or `~/.config/isoline/fleet.yaml`.
 *
 *   current: home
 *   servers:
 *     - name: home
 *       url: https://verifier.example:8443
 *       tokenFile: /home/me/.config/isoline/home.token    # or token: …
 *       ca: /etc/isoline/verifier-ca.pem                  # if the system does not know it
 *
 * A token is shown to the server that it stands beside, and to no other. No token or certificate of these files ever appears in a
 * message.
 */
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { CliError } from "../error.ts";
import { readRegular } from "../store/bounded-file.ts";
import { parseYaml } from "../store/yaml.ts";
import { authorityIn } from "./authority.ts";
import { assertClosed, isThere } from "./closed.ts";
import { type Endpoint, serverUrl } from "./server.ts";

const MOST_BYTES = 256 * 1024;
const MOST_TOKEN = 16 * 1024;
const TOKEN = /^[\x21-\x7e]{8,16384}$/;

type Table = Readonly<Record<string, unknown>>;

interface Entry {
  readonly name: string;
  readonly url: string;
  readonly token: string | undefined;
  readonly ca: string | undefined;
}

function configurationPlace(): string {
  const named = process.env["ISOLINE_FLEET_CONFIG"];
  if (named !== undefined && named !== "") return named;
  const home = process.env["HOME"] ?? homedir();
  return join(process.env["XDG_CONFIG_HOME"] || join(home, ".config"), "isoline/fleet.yaml");
}

/** The server of this name or address; the current one if none is named. Refuses a file that other users can read. */
export async function endpointFor(server: string | undefined): Promise<Endpoint> {
  const place = configurationPlace();
  if (!isThere(place))
    throw wrong(place, "it is not there; it says which verifiers there are, and with which token: docs/fleet.md");
  assertClosed(place, "file");
  const text = readRegular(place, MOST_BYTES, "the configuration of isoline fleet").toString("utf8");
  const whole = tableOf(
    await parseYaml(text, () => wrong(place, "expected YAML or JSON; correct it")),
    place,
    "the file",
    ["current", "servers"],
  );
  const { servers, current } = whole;
  if (!Array.isArray(servers) || servers.length === 0) throw wrong(place, 'expected a list of "servers"; add one');
  const entries = servers.map((each, index) => entryIn(each, place, `servers[${index}]`));
  if (current !== undefined && typeof current !== "string")
    throw wrong(
      place,
      `expected the name of a server as "current", in quotes if it is a number; got ${kindOf(current)}`,
    );
  const twice = entries.find(({ name }, index) => entries.findIndex((one) => one.name === name) !== index);
  if (twice !== undefined)
    throw wrong(
      place,
      `expected servers with names of their own, got two of ${JSON.stringify(twice.name.slice(0, 80))}`,
    );
  const wanted = server ?? current ?? entries[0]?.name;
  const found = entries.find(({ name }) => name === wanted) ?? entries.find(({ url }) => isSame(url, wanted ?? ""));
  if (found === undefined)
    throw wrong(place, `it has no server ${JSON.stringify(wanted?.slice(0, 80))}; there are: ${namesOf(entries)}`);
  return { url: found.url, token: found.token, ca: found.ca };
}

function entryIn(value: unknown, place: string, at: string): Entry {
  const entry = tableOf(value, place, at, ["name", "url", "token", "tokenFile", "ca"]);
  const textIn = (name: string): string | undefined => {
    const member = entry[name];
    if (member === undefined || (typeof member === "string" && member !== "")) return member;
    throw wrong(place, `expected a text as "${name}" of ${at}`);
  };
  const [name, url, tokenFile, ca] = ["name", "url", "tokenFile", "ca"].map(textIn);
  if (name === undefined || url === undefined) throw wrong(place, `expected "name" and "url" in ${at}`);
  const token = textIn("token") ?? (tokenFile === undefined ? undefined : tokenIn(beside(place, tokenFile)));
  if (token !== undefined && !TOKEN.test(token)) throw wrong(place, `the token of ${at} is malformed; copy it again`);
  return { name, url: serverUrl(url).href, token, ca: ca === undefined ? undefined : authorityIn(beside(place, ca)) };
}

/** A token in a file of its own, which is closed to others. */
export function tokenIn(path: string): string {
  if (!isThere(path)) throw wrong(path, "it is not there; it has the token");
  assertClosed(path, "file");
  const token = readRegular(path, MOST_TOKEN, "a token").toString("latin1").trim();
  if (TOKEN.test(token)) return token;
  throw wrong(path, "expected one token in one line; write it again");
}

function tableOf(value: unknown, place: string, at: string, known: readonly string[]): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(place, `expected a table as ${at}`);
  if (Object.keys(value).some((name) => !known.includes(name)))
    throw wrong(place, `expected no other members in ${at} than ${known.join(", ")}`);
  return value as Table;
}

const kindOf = (value: unknown): string => (value === null ? "nothing" : `a ${typeof value}`);

const beside = (place: string, path: string): string => (isAbsolute(path) ? path : join(dirname(place), path));

const isSame = (url: string, given: string): boolean => URL.canParse(given) && serverUrl(given).href === url;

const namesOf = (entries: readonly Entry[]): string =>
  entries
    .slice(0, 10)
    .map(({ name }) => name.slice(0, 60))
    .join(", ");

function wrong(place: string, why: string): CliError {
  return new CliError("bad-fleet-configuration", `${place}: ${why}`);
}
