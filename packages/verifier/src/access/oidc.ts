/** People that an OpenID provider vouches for (OpenID Connect Core 1.0, 3.1.3.7), by signed tokens that are checked here. */
import type { JWTPayload } from "jose";
import { type Person, type Recognise, type Role, roles } from "./people.ts";
import type { Provider } from "./provider.ts";

/** Which claims say the role, the tenant, and the name. */
export interface Claims {
  readonly role: string;
  readonly tenant: string;
  readonly name: string;
}

const TENANT = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** The provider is asked when the first token comes. */
export function oidc(provider: Provider, audience: readonly string[], claims: Claims): Recognise {
  return async (token) => {
    // Tokens of other kinds have no three parts.
    if (token.split(".").length !== 3) return undefined;
    const payload = await provider.claimsIn(token, audience);
    return payload && personIn(payload, claims);
  };
}

/** A token without a known role, or without a tenant, opens nothing: all tenants are said by `*`. */
export function personIn(payload: JWTPayload, claims: Claims): Person | undefined {
  const told = payload[claims.role];
  const role = roles.findLast((one) => told === one || (Array.isArray(told) && told.includes(one)));
  const tenant = payload[claims.tenant];
  const name = (isUnverified(payload, claims) ? undefined : payload[claims.name]) ?? payload.sub;
  if (role === undefined || typeof tenant !== "string" || typeof name !== "string") return undefined;
  if (tenant !== "*" && !TENANT.test(tenant)) return undefined;
  const safe = name.replace(/[^\p{L}\p{N}@._+-]/gu, "?").slice(0, 64);
  return {
    name: safe,
    id: `sub ${payload.sub ?? ""}`,
    role: role satisfies Role,
    tenant: tenant === "*" ? undefined : tenant,
    ...(payload.exp !== undefined && { until: payload.exp * 1000 }),
  };
}

/**
 * An address that a person only claims to have: in the record of acts it would be another person's (OpenID Connect Core 1.0, 5.7). A
 * provider that says nothing has verified nothing.
 */
const isUnverified = (payload: JWTPayload, { name }: Claims): boolean =>
  name === "email" && payload["email_verified"] !== true;
