/** The configuration of a verifier, as `docs/verifier.md` describes it. */
import { isLoopback } from "@isoline/core/loopback";
import { z } from "zod";
import { isSafeAddress } from "../access/index.ts";
import { VerifierError } from "../error.ts";

const path = z.string().min(1).max(4096);
const seconds = (least: number, most: number) => z.number().int().min(least).max(most);

const DAYS_OR_NEVER = "expected a number of days from 1 to 3650, or never";
const daysOrNever = z.union(
  [z.literal("never"), z.int(DAYS_OR_NEVER).min(1, DAYS_OR_NEVER).max(3650, DAYS_OR_NEVER)],
  DAYS_OR_NEVER,
);

const receiver = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,32}$/),
  url: z.url({ protocol: /^https?$/ }),
  /** A file with the secret that signs what is sent. */
  secret: path,
});

const schema = z.strictObject({
  listen: z.string().regex(/^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, "HOST:PORT"),
  database: z.string().min(1),
  keys: path,
  trust: path,
  tls: z.strictObject({ certificate: path, key: path, clients: path.optional() }).optional(),
  people: z
    .strictObject({
      tokens: path.optional(),
      oidc: z
        .strictObject({
          issuer: z.url({ protocol: /^https?$/ }),
          audience: z.string().min(1),
          claims: z
            .strictObject({
              role: z.string().default("isoline_role"),
              tenant: z.string().default("isoline_tenant"),
              name: z.string().default("email"),
            })
            .prefault({}),
          /** The page as the provider knows it, so that people sign in there: a public client, its address, what it asks for. */
          page: z
            .strictObject({
              client: z.string().min(1).max(256),
              redirect: z.url({ protocol: /^https?$/ }).max(2048),
              scope: z
                .string()
                .regex(/^openid(?: [\x21\x23-\x5b\x5d-\x7e]{1,64}){0,16}$/, "openid, and more words")
                .default("openid email"),
            })
            .optional(),
        })
        .optional(),
    })
    .prefault({}),
  due: seconds(1, 86_400).default(60),
  dueAtMost: seconds(1, 86_400).optional(),
  stale: seconds(2, 864_000).optional(),
  /** Days for which a node is stale, or sends nothing after its enrolment, until it is collected. */
  collectAfter: daysOrNever.default(30),
  dashboard: z.boolean().default(true),
  limits: z
    .strictObject({
      person: z.number().positive().default(50),
      tenant: z.number().positive().default(5000),
      stranger: z.number().positive().default(5),
      connections: z.number().int().min(1).max(1_000_000).default(20_000),
    })
    .prefault({}),
  /** A transparency log that statements are written into, its private key, and which witnesses have to sign. */
  log: z.strictObject({ directory: path, credentials: path.optional(), key: path, policy: path.optional() }).optional(),
  /** Who signs X.509-SVIDs: a private key, the certificates that it is trusted by, and for how long an SVID is valid at most. */
  svid: z
    .strictObject({
      trustDomain: z.string().min(1).max(255),
      key: path,
      certificate: path,
      minutes: z.number().int().min(1).max(1440).default(5),
    })
    .optional(),
  webhooks: z.array(receiver).max(16).default([]),
  admission: z
    .strictObject({
      exempt: z.array(z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "the name of a namespace")).max(1000),
      runtimeClasses: z.array(z.string().min(1).max(253)).min(1).max(100).default(["isoline"]),
      /** A file with the token that the API server sends. */
      token: path.optional(),
    })
    .optional(),
  /** A receiver of metrics over OTLP: its whole address alone, or a table. */
  otlp: z
    .preprocess(
      (told) => (typeof told === "string" ? { url: told } : told),
      z.strictObject({ url: z.string().max(2048), seconds: seconds(1, 3600).default(60), ca: path.optional() }),
    )
    .optional(),
  nats: z
    .strictObject({
      servers: z.string().min(1),
      subject: z
        .string()
        .regex(/^[A-Za-z0-9_.-]{1,64}$/)
        .default("isoline.changes"),
      credentials: path.optional(),
      ca: path.optional(),
    })
    .optional(),
});

type Told = z.infer<typeof schema>;
export type Configuration = Omit<Told, "stale" | "dueAtMost"> & { readonly stale: number; readonly dueAtMost: number };

/** So many times `due`, if the configuration does not say. */
const SLOWEST = 5;
const MOST_DUE = 86_400;

/** Refuses with `bad-configuration` what cannot be, by the name of the member. */
export function configurationIn(told: unknown): Configuration {
  const { success, data, error } = schema.safeParse(told);
  if (!success) {
    const [issue] = error.issues;
    throw unfit(
      `${issue?.path.join(".") || "the configuration"}: ${issue?.message ?? "is malformed"}; see docs/verifier.md`,
    );
  }
  const stale = data.stale ?? data.due * 3;
  if (stale <= data.due)
    throw unfit(
      `stale: expected more than due, ${data.due}, got ${stale}; a node would be stale before its evidence is due`,
    );
  const dueAtMost = data.dueAtMost ?? Math.min(MOST_DUE, data.due * SLOWEST);
  if (dueAtMost < data.due)
    throw unfit(
      `dueAtMost: expected at least due, ${data.due}, got ${dueAtMost}; it is for when there is too much to do`,
    );
  if (data.tls === undefined && !isLoopback(data.listen.replace(/:\d+$/, "")))
    throw unfit(
      `listen: expected tls, or an address of this machine alone, got ${data.listen}; tokens and evidence must not cross a network in the clear`,
    );
  const { oidc } = data.people;
  if (oidc !== undefined && !isSafeAddress(oidc.issuer))
    throw unfit(`people.oidc.issuer: expected https://…, got ${oidc.issuer}; its keys decide who people are`);
  const redirect = oidc?.page?.redirect;
  if (redirect !== undefined && (!isSafeAddress(redirect) || /[?#]/.test(redirect)))
    throw unfit(
      `people.oidc.page.redirect: expected https://… without ? and #, got ${redirect}; codes must not cross a network in the clear`,
    );
  for (const [at, { url }] of data.webhooks.entries()) if (!isSafeAddress(url)) throw unfit(unsafeWebhook(at, url));
  if (data.otlp !== undefined) assertReceiver(data.otlp.url);
  if (data.nats !== undefined) assertServers(data.nats.servers);
  return { ...data, stale, dueAtMost };
}

/** Metrics say how many nodes there are and how many fail, so they cross no network in the clear. A password is not shown. */
function assertReceiver(given: string): void {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url !== undefined && (url.username !== "" || url.password !== "" || url.hash !== ""))
    throw unfit(`otlp.url: expected an address without a name, a password or a fragment, got one at ${url.host}`);
  if (url === undefined || !isSafeAddress(given))
    throw unfit(`otlp.url: expected https://HOST:PORT/v1/metrics, or http:// for this machine, got ${given}`);
  if (url.pathname === "/")
    throw unfit(`otlp.url: expected the whole address, such as HOST:4318/v1/metrics, got ${given}`);
}

/** With TLS all of them or none, since the client asks all for the same. A password is not shown. */
function assertServers(given: string): void {
  const all = given.split(",").map((one) => addressOfServer(one.trim()));
  for (const url of all)
    if (url === undefined || url.username !== "" || url.password !== "" || !isSafeServer(url))
      throw unfit(
        `nats.servers: expected tls://HOST:PORT without a name or a password, or HOST:PORT of this machine, got ${url === undefined ? "something else" : `one at ${url.protocol}//${url.host}`}; ` +
          "changes say which nodes fail, and must not cross a network in the clear",
      );
  if (new Set(all.map((url) => url?.protocol)).size > 1)
    throw unfit("nats.servers: expected tls:// for all servers or for none, got both; name those of one kind");
}

function addressOfServer(one: string): URL | undefined {
  const whole = one.includes("://") ? one : `nats://${one}`;
  return URL.canParse(whole) ? new URL(whole) : undefined;
}

const isSafeServer = ({ protocol, hostname, pathname, search, hash }: URL): boolean =>
  hostname !== "" &&
  ["", "/"].includes(pathname) &&
  search + hash === "" &&
  (protocol === "tls:" || (protocol === "nats:" && isLoopback(hostname)));

/** A password in it is not shown. */
function unsafeWebhook(at: number, given: string): string {
  const { protocol, host } = new URL(given);
  return (
    `webhooks.${at}.url: expected https://… without a name or a password, or http:// for this machine, got one at ${protocol}//${host}; ` +
    "changes say which nodes fail, and must not cross a network in the clear"
  );
}

const unfit = (why: string) => new VerifierError("bad-configuration", why);
