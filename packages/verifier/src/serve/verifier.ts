/** A verifier that runs: configuration, keys, store, fleet, door. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parsePolicy } from "@isoline/log/proof";
import { bucketAddress } from "@isoline/log/writer";
import { Limits, Login, oidc, Provider, type Recognise, tokensIn } from "../access/index.ts";
import { Delivery, nats, type Receiver, webhook } from "../changes/index.ts";
import { VerifierError } from "../error.ts";
import { Fleet } from "../fleet/index.ts";
import { type AdmissionPolicy, AtOnce, BytesAtOnce, Metrics, verifierApp } from "../http/index.ts";
import { openStore, prepareStore } from "../store/index.ts";
import { SvidAuthority } from "../svid/index.ts";
import { Appender, type LogPlace } from "../transparency/index.ts";
import { type Configuration, configurationIn } from "./configuration.ts";
import { openKeys } from "./keys.ts";
import { pushingIn } from "./pushing.ts";
import { readCertificates, readSecret, readTrusted } from "./secrets.ts";
import { listen } from "./server.ts";
import { openTrust } from "./trust.ts";

const LEAST_TOKEN = 16;
/** Requests of one caller that bring something: each is in memory until it is answered. A node may ask for many SVIDs at once. */
const MOST_BRINGING = { small: 64, large: 4 } as const;
/** Answers with a policy, reference values or a contour to one person: each has up to 16 MiB and more in memory until it is read. */
const MOST_ANSWERING = 2;
/** Bytes of bodies at a time, and of other answers, of each tenant's nodes, of its people, and of each address of strangers. */
const MOST_BYTES = 128 * 2 ** 20;

export interface RunningVerifier {
  /** Where it listens, `http://…` or `https://…`. */
  readonly address: string;
  /** The key that its results are signed with, in PEM. */
  readonly earPublic: string;
  /** Lines that an operator should read. */
  readonly notes: readonly string[];
  /** Answers what has begun, gives its nodes back, and closes the store. */
  stop(): Promise<void>;
}

export interface VerifierSettings {
  /** The configuration, as an object; see docs/verifier.md. */
  readonly configuration: unknown;
  /** isoline's version, which results name. */
  readonly version: string;
  /** Told of failures that are not the caller's. */
  readonly failed: (fault: unknown) => void;
  /** Told of changes that a receiver did not take; they are sent again. */
  readonly unsent?: (receiver: string, fault: unknown) => void;
  /** Told lines that an operator should read, while it runs. */
  readonly noted?: (line: string) => void;
}

/** Prepares the database of a configuration for verifiers that open it as another role; refuses as `startVerifier` does. */
export function prepareDatabase(configuration: unknown, role: string): Promise<void> {
  return prepareStore(configurationIn(configuration).database, role);
}

/** Starts a verifier; refuses with a code of `verifierErrors`. */
export async function startVerifier({
  configuration: told,
  version,
  failed,
  unsent,
  noted = () => {},
}: VerifierSettings): Promise<RunningVerifier> {
  const configuration = configurationIn(told);
  const { due, dueAtMost, stale, collectAfter } = configuration;
  const keys = await openKeys(configuration.keys, version);
  const trusted = await openTrust(configuration.trust);
  const { people, login } = peopleIn(configuration);
  const admission = admissionIn(configuration);
  const authority = authorityIn(configuration);
  const metrics = new Metrics();
  const beginPushing = await pushingIn(configuration);
  const { log } = configuration;
  const place = log && logPlace(log);
  // It takes half a minute on a slow machine, and people wait for it.
  if (configuration.database.startsWith("pglite:"))
    noted("preparing the embedded store: this takes some seconds, longer at the first start");
  const store = await openStore(configuration.database);
  const fleet = new Fleet({
    store,
    challenges: keys.challenges,
    trusted,
    timing: { due, dueAtMost, stale },
    collectAfter: collectAfter === "never" ? undefined : collectAfter,
    sign: keys.sign,
    signEpoch: keys.signEpoch,
    authority,
    appraised: (state, isNews) => metrics.appraised(state, isNews),
    left: (which, nodes) => metrics.left(which, nodes),
    failed,
    noted,
  });
  await fleet.start();
  const deliveries = receiversIn(configuration).map((receiver) => new Delivery(fleet, receiver, unsent ?? (() => {})));
  for (const delivery of deliveries) await delivery.start();
  const unlogged = (fault: unknown) => (unsent ?? (() => {}))("log", fault);
  const appender = place && new Appender(fleet, place, unlogged, noted);
  try {
    await appender?.start();
  } catch (fault) {
    await Promise.all(deliveries.map((delivery) => delivery.stop()));
    await fleet.stop();
    throw fault;
  }
  const limits = {
    person: new Limits(configuration.limits.person, configuration.limits.person * 4),
    tenant: new Limits(configuration.limits.tenant, configuration.limits.tenant * 4),
    stranger: new Limits(configuration.limits.stranger, configuration.limits.stranger * 10),
  };
  const certificates = configuration.tls?.clients !== undefined;
  const page = configuration.dashboard ? pageFolder() : undefined;
  const bringing = {
    small: new AtOnce(`${MOST_BRINGING.small} requests of one caller that bring little`, MOST_BRINGING.small),
    large: new AtOnce(`${MOST_BRINGING.large} requests of one caller that may bring much`, MOST_BRINGING.large),
  };
  const answering = new AtOnce(`${MOST_ANSWERING} answers of many megabytes to one person`, MOST_ANSWERING);
  const [bytes, answers] = [new BytesAtOnce(MOST_BYTES), new BytesAtOnce(MOST_BYTES)];
  const door = { fleet, metrics, people, login, certificates, admission, limits, bringing, answering, bytes, answers };
  const app = verifierApp(door, { page, version, failed });
  const server = await listen(app.fetch, configuration, noted);
  const push = beginPushing?.({ metrics, address: server.address, noted });
  return {
    address: server.address,
    earPublic: keys.earPublic,
    notes: notesOn(configuration, trusted, people, page),
    stop: async () => {
      push?.close();
      await server.close();
      await Promise.all(deliveries.map((delivery) => delivery.stop()));
      await appender?.stop();
      await fleet.stop();
    },
  };
}

function logPlace({ directory, credentials, key, policy }: NonNullable<Configuration["log"]>): LogPlace {
  const witnessed = policy === undefined ? undefined : parsePolicy(readTrusted(policy).toString("utf8"));
  if (directory.startsWith("s3://") && credentials === undefined)
    throw new VerifierError("bad-configuration", "log.credentials: expected a file, since the log is in a bucket");
  const at =
    credentials === undefined ? directory : bucketAddress(directory, readSecret(credentials).toString("latin1"));
  return { at, key: readSecret(key), policy: witnessed };
}

function authorityIn({ svid }: Configuration): SvidAuthority | undefined {
  if (svid === undefined) return undefined;
  const { trustDomain, key, certificate, minutes } = svid;
  const certificates = readTrusted(certificate);
  return SvidAuthority.open({ trustDomain, minutes, key: readSecret(key), certificates }, new Date());
}

interface People {
  readonly people: readonly Recognise[];
  readonly login: Login | undefined;
}

function peopleIn({ people: { tokens, oidc: told } }: Configuration): People {
  const known = tokens === undefined ? [] : [tokensIn(readSecret(tokens).toString("utf8"), tokens)];
  if (told === undefined) return { people: known, login: undefined };
  const { issuer, audience, claims, page } = told;
  const provider = new Provider(issuer);
  // Tokens that people bring along are for the audience; those of the page are for the page.
  const audiences = page === undefined ? [audience] : [audience, page.client];
  return {
    people: [...known, oidc(provider, audiences, claims)],
    login: page && new Login(provider, page, claims),
  };
}

function admissionIn({ admission }: Configuration): AdmissionPolicy | undefined {
  if (admission === undefined) return undefined;
  const { token: file, ...policy } = admission;
  const token = file === undefined ? undefined : readSecret(file).toString("utf8").trim();
  if (token !== undefined && token.length < LEAST_TOKEN)
    throw new VerifierError(
      "bad-configuration",
      `admission.token: expected at least ${LEAST_TOKEN} letters, got ${token.length}; make one with openssl rand -hex 24`,
    );
  return { ...policy, token };
}

function receiversIn({ webhooks, nats: stream }: Configuration): readonly Receiver[] {
  return [
    ...webhooks.map(({ name, url, secret }) => webhook(name, url, readSecret(secret))),
    ...(stream === undefined
      ? []
      : [
          nats({
            ...stream,
            credentials: stream.credentials === undefined ? undefined : readSecret(stream.credentials),
            ca: stream.ca === undefined ? undefined : readCertificates("nats.ca", stream.ca),
          }),
        ]),
  ];
}

/** Where the page was built; undefined where its package is not installed or not built. */
function pageFolder(): string | undefined {
  try {
    const found = createRequire(import.meta.url).resolve("@isoline/dashboard/package.json");
    const folder = join(dirname(found), "dist");
    return existsSync(join(folder, "index.html")) ? folder : undefined;
  } catch {
    return undefined;
  }
}

function notesOn(
  { database, dashboard, admission, trust }: Configuration,
  { makers, machines, policySigners }: Awaited<ReturnType<typeof openTrust>>,
  people: readonly Recognise[],
  page: string | undefined,
): readonly string[] {
  return [
    ...(database.startsWith("pglite:")
      ? ["the embedded store survives the end of this process, not a power failure; use PostgreSQL for more"]
      : []),
    ...(makers.roots.length === 0
      ? [
          machines === undefined
            ? "no maker of TPMs is trusted, so no node can enrol; put roots into makers/"
            : "no maker of TPMs is trusted, so only confidential machines can enrol; put roots into makers/",
        ]
      : []),
    ...(existsSync(join(trust, "tee-nodes"))
      ? ["tee-nodes/ is not read: a node of a fleet without a TPM enrols with isoline fleet join --tee"]
      : []),
    ...(policySigners.length === 0
      ? ["no signer of policies is trusted: what an administrator puts counts as it is"]
      : []),
    ...(people.length === 0 ? ["no people are configured, so none can look or administer"] : []),
    ...(admission !== undefined && admission.token === undefined
      ? ["admission has no token: whichever machine reaches this address learns which images have a contour"]
      : []),
    ...(dashboard && page === undefined ? ["the page is not built, so none is served"] : []),
  ];
}
