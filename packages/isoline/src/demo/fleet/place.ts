/**
 * The files of the story of a fleet, in one directory that no other user can enter:
 *
 *   verifier/      its configuration, its keys and store, the makers and the owner that it trusts
 *   log/           a transparency log of the owner, for signatures
 *   fleet-log/     another one, into which the verifier states what it does
 *   witness/       what a witness of both has seen
 *   owner/         the service, its contour, and the key that signs it
 *   node-1/ node-2/   each a host of its own: its TPM, its control sockets, its ledger, its services
 *   home/          of the operator, with the credentials for the verifier
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CliError } from "../../error.ts";

/** Reads the file of greetings that a request names: of whatever directory it names. */
const SERVICE = `while read -r name; do
  [ "$name" = quit ] && exit
  cat "greetings/$name"
done
`;

/** The same, repaired: the name of a file without a directory. */
export const REPAIRED = SERVICE.replace('"greetings/$name"', '"greetings/$(basename "$name")"');

const POLICY = {
  policy: 1,
  name: "default",
  version: 1,
  canisters: [{ label: "*", modes: ["enforcing"], signedContour: true, bound: "required" }],
};

export interface FleetPlace {
  readonly root: string;
  readonly home: string;
  /** A path below the directory of the story. */
  readonly at: (...parts: readonly string[]) => string;
  readonly write: (path: string, text: string, mode?: number) => void;
  readonly remove: () => void;
}

export function layOutFleet(): FleetPlace {
  const root = newDirectory();
  const at = (...parts: readonly string[]) => join(root, ...parts);
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(at(path)), { recursive: true, mode: 0o700 });
    writeFileSync(at(path), text, { mode });
  };
  const remove = () => rmSync(root, { recursive: true, force: true });
  try {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const pem = (key: typeof privateKey) =>
      key.export({ type: key.type === "private" ? "pkcs8" : "spki", format: "pem" });
    write("owner/owner.pem", String(pem(privateKey)), 0o600);
    for (const signers of ["contour-signers", "policy-signers"])
      write(`verifier/trust/${signers}/owner.pub`, String(pem(publicKey)));
    for (const key of ["owner/log.pem", "owner/witness.pem", "verifier/log.pem"])
      write(key, String(pem(generateKeyPairSync("ed25519").privateKey)), 0o600);
    write("owner/policy.json", `${JSON.stringify(POLICY, null, 2)}\n`);
    const token = randomBytes(24).toString("base64url");
    write("home/.config/isoline/token", `${token}\n`, 0o600);
    write("verifier/people", `operator admin * ${token}\n`, 0o600);
    for (const service of ["owner", "node-1/web", "node-1/mail", "node-2/web"]) {
      write(`${service}/service.sh`, SERVICE);
      write(`${service}/greetings/morning`, "Good morning.\n");
      write(`${service}/greetings/night`, "Good night.\n");
      write(`${service}/secret`, "a password\n");
    }
  } catch (fault) {
    remove();
    throw fault;
  }
  return { root, home: at("home"), at, write, remove };
}

function newDirectory(): string {
  const parent = tmpdir();
  try {
    return realpathSync(mkdtempSync(join(parent, "isoline-fleet-")));
  } catch (fault) {
    const message = `the demo needs a directory of its own in ${parent}: ${(fault as Error).message}; set TMPDIR`;
    throw new CliError("cannot-write", message, { cause: fault });
  }
}
