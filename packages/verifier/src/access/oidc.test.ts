import { expect, it } from "vitest";
import { personIn } from "./oidc.ts";

const claims = { role: "isoline_role", tenant: "isoline_tenant", name: "email" };
const payload = { sub: "u-7", email: "ann@example.org", isoline_role: "operator", isoline_tenant: "acme" };

it.each([
  [{}, "ann@example.org"],
  [{ email_verified: true }, "ann@example.org"],
  [{ email_verified: false }, "u-7"],
  [{ email: undefined }, "u-7"],
])("a person with %j is called %s: not by an address that the provider has not verified", (more, name) => {
  expect(personIn({ ...payload, ...more }, claims)).toMatchObject({ name, tenant: "acme" });
});
