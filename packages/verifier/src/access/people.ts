/** People, and what they may do: by tokens of a file, or by the identity tokens of an OpenID provider. */
import { createHash, timingSafeEqual } from "node:crypto";
import { VerifierError } from "../error.ts";

/** Each may do what the ones before it may. */
export const roles = ["viewer", "operator", "admin"] as const;
export type Role = (typeof roles)[number];

export interface Person {
  readonly name: string;
  /** What tells two people of one name apart; left out: the name does. */
  readonly id?: string;
  readonly role: Role;
  /** Undefined: all tenants. */
  readonly tenant: string | undefined;
  /** When the token ends, in milliseconds since 1970; left out: it does not end by itself. */
  readonly until?: number;
}

/** Who is counted. People of two tenants may have one name, and names of a provider are cut. */
export const keyOf = ({ name, id = name, tenant = "*" }: Pick<Person, "name" | "id" | "tenant">): string =>
  `${tenant} ${id}`;

/** Who a bearer token belongs to; undefined: it is not one of ours. */
export type Recognise = (token: string) => Promise<Person | undefined>;

export function assertRole(person: Person, least: Role): void {
  if (roles.indexOf(person.role) >= roles.indexOf(least)) return;
  throw new VerifierError("not-allowed", `expected the role ${least}, got ${person.role}; ask an administrator`);
}

/** What concerns all tenants is for people of all tenants alone. */
export function assertOfAll(person: Person): void {
  if (person.tenant === undefined) return;
  throw new VerifierError(
    "not-allowed",
    `expected a person of all tenants, got one of ${person.tenant}; ask an administrator`,
  );
}

const LINE =
  /^(\S{1,64})\s+(viewer|operator|admin)\s+(\*|[A-Za-z0-9][A-Za-z0-9_.-]{0,62})\s+(?:sha256:([0-9a-f]{64})|(\S{16,256}))$/;

/** Lines of `NAME ROLE TENANT TOKEN`; `*` for all tenants, `sha256:HEX` in place of a token. `#` begins a comment. */
export function tokensIn(text: string, path: string): Recognise {
  const known = text.split("\n").flatMap((line, at) => {
    const told = line.trim();
    if (told === "" || told.startsWith("#")) return [];
    const [, name = "", role, tenant, hex, token = ""] = LINE.exec(told) ?? [];
    if (role === undefined)
      throw new VerifierError(
        "bad-configuration",
        `${path}:${at + 1}: expected NAME ROLE TENANT TOKEN, the token at least 16 characters`,
      );
    const digest = hex === undefined ? digestOf(token) : Buffer.from(hex, "hex");
    return [{ digest, person: { name, role: role as Role, tenant: tenant === "*" ? undefined : tenant } }];
  });
  return (token) => {
    const digest = digestOf(token);
    return Promise.resolve(known.find((one) => timingSafeEqual(one.digest, digest))?.person);
  };
}

const digestOf = (token: string) => createHash("sha256").update(token).digest();
