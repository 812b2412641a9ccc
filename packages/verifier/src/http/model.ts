/**
 * The documents of the fleet's API, version 1: what agents, people, the page and `isoline fleet` exchange with a verifier. All of them
 * are JSON. Times are ISO 8601 in UTC with milliseconds, digests are lower-case hexadecimal.
 */
import { z } from "@hono/zod-openapi";
import { failureClasses } from "@isoline/attest/appraise";

const time = z.iso.datetime({ precision: 3 });
const digest = z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits");
const count = z.int().min(0);
/** One line of a node's or a person's own words. */
const line = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "one line without control characters");

/** Names of nodes, tenants, policies and reference files. */
export const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, "letters, digits, _ . and -");
export const label = line(256).min(1);
const labels = z
  .record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_./-]{0,62}$/), line(128))
  .refine((all) => Object.keys(all).length <= 32, "at most 32 labels");

export const state = z.enum(["affirming", "contraindicated", "unverifiable", "stale", "revoked", "unknown"]);
const failureClass = z.enum(failureClasses);

/** One check of an appraisal: `name` is one of the checks of `@isoline/attest/appraise`, in their order. */
export const link = z
  .object({
    name: z.string(),
    state: z.enum(["passed", "warned", "failed"]),
    failure: failureClass.optional(),
    why: z.string().optional(),
  })
  .openapi("Link");

const verdict = { state, failure: failureClass.optional(), why: z.string().optional(), since: time };

export const node = z
  .object({
    name,
    id: digest,
    tenant: name,
    labels,
    ...verdict,
    lastSeen: time.optional(),
    due: time.optional(),
    enrolled: time,
    root: z.enum(["none", "tpm", "tee", "tpm+tee"]),
    machine: z.string().optional().describe("the confidential machine that it was enrolled on, if it has no TPM"),
    sensors: z.array(z.enum(["seccomp", "bpf"])).optional(),
    kernel: z.string().optional(),
    build: z.string().optional(),
    canisters: z.object({ affirming: count, contraindicated: count, unverifiable: count, stale: count }),
    links: z.array(link),
  })
  .openapi("Node");
export const nodeInList = node.omit({ links: true }).openapi("NodeInList");

const counters = z.object({ events: count, departures: count, refused: count, lost: count, untrusted: count });

export const canister = z
  .object({
    node: name,
    label,
    begun: z
      .object({ user: count.describe("its number on that node"), name: z.string().max(40) })
      .optional()
      .describe("a process of this user began it for itself, and chose the name"),
    tenant: name,
    image: z.string().optional(),
    contour: digest.optional(),
    contourName: z.string().optional(),
    mode: z.enum(["learning", "watching", "enforcing"]),
    sensor: z.enum(["seccomp", "bpf"]),
    root: z.enum(["tpm", "tee", "node"]),
    ...verdict,
    started: time,
    points: count,
    measurement: digest,
    counters,
    links: z.array(link),
  })
  .openapi("Canister");

/** A departure in the node's own words; a verifier does not prove them. */
export const departure = z
  .object({
    at: time,
    line: line(4096),
    why: line(4096).optional(),
    nearest: line(4096).optional(),
    program: line(4096).optional(),
    refused: z.boolean(),
    times: count,
    point: digest.optional().describe("what departed, as the ledger names it"),
  })
  .openapi("Departure");

/** A record of the ledger: the first departure of a process. Its point is that of a departure, if the node has told of it. */
const departedProcess = z
  .object({
    process: count.describe("its number in the namespace, while it lived"),
    pid: count,
    at: time.describe("by the node's clock"),
    point: digest.optional().describe("left out where the node does not know"),
  })
  .openapi("DepartedProcess");

export const canisterInFull = canister
  .extend({
    departures: z.array(departure),
    processes: z
      .object({ total: count, items: z.array(departedProcess).max(200).describe("the first of them") })
      .optional()
      .describe("those that departed; left out where no register of a TPM vouches for the records"),
    history: z
      .array(
        z.object({
          at: time,
          state,
          failure: failureClass.optional(),
          why: z.string().optional(),
          counters: counters.optional(),
        }),
      )
      .describe("changes of its verdict, the newest first"),
    reports: z
      .object({
        items: z
          .array(z.object({ at: time, counters }))
          .max(200)
          .describe("the newest first; of those within ten seconds the last"),
        until: time
          .optional()
          .describe("the last evidence of its node; left out where that was refused, or none came in time"),
      })
      .describe("what it counted, each time that its evidence had another count than before, other than of events"),
  })
  .openapi("CanisterInFull");

const counts = z.record(state, count).openapi("Counts");
const page = <T extends z.ZodType>(item: T) => ({ items: z.array(item), next: z.string().optional() });
export const nodeList = z.object({ ...page(nodeInList), counts, canisters: counts }).openapi("NodeList");
export const canistersOfNode = z.object(page(canister)).openapi("CanistersOfNode");
export const canisterList = z.object({ ...page(canister), counts }).openapi("CanisterList");

/** A document of `@isoline/attest/enrol`, as text. */
const document = z.string().min(1).max(65_536);
const challenge = digest.describe("32 bytes for the node's quote, in hexadecimal");
export const enrolmentOrder = z
  .object({ name, token: z.string().min(1).max(256), request: document })
  .openapi("EnrolmentOrder");
export const enrolmentBegun = z.object({ enrolment: z.string(), challenge: document }).openapi("EnrolmentBegun");
export const enrolmentAnswer = z.object({ answer: document }).openapi("EnrolmentAnswer");
export const enrolled = z
  .object({
    node: digest,
    name,
    nodeToken: z.string(),
    challenge,
    due: count.describe("seconds until evidence is due"),
  })
  .openapi("Enrolled");
export const challengeGiven = z.object({ challenge, due: count }).openapi("Challenge");

export const result = z
  .object({
    state,
    failure: failureClass.optional(),
    why: z.string().optional(),
    ear: z.string().describe("the result as an EAT Attestation Result, signed"),
    challenge,
    due: count,
    canisters: z.array(z.object({ label, state, failure: failureClass.optional(), why: z.string().optional() })),
    need: z.array(z.string().regex(/^contour:[0-9a-f]{64}$/)).optional(),
    kept: z.array(digest).optional().describe("SHA-256 of the logs that a delta of the next evidence may leave out"),
  })
  .openapi("Result");

export const departuresTold = z
  .object({ canister: label, departures: z.array(departure).max(100) })
  .openapi("DeparturesTold");

export const contourMap = z
  .object({
    name: z.string(),
    points: count,
    users: z.array(z.string()).describe("As which users its programs act, in words"),
    programs: z.array(
      z.object({
        program: z.string(),
        acts: z.array(
          z.object({
            operation: z.string(),
            target: z.string(),
            times: count.optional(),
            user: count.optional().describe("Which of users, where there are several"),
          }),
        ),
      }),
    ),
    text: z.string(),
  })
  .openapi("ContourMap");

export const policyInList = z.object({ name, version: count, digest, since: time }).openapi("PolicyInList");
export const policyList = z.object({ items: z.array(policyInList) }).openapi("PolicyList");
export const dryRun = z
  .object({
    changes: z.array(z.object({ node: name, label: label.optional(), from: state, to: state, why: z.string() })),
    unlisted: count.describe("how many changes are not in the list, which has the first 1 000"),
    red: count.describe("how many would turn red: contraindicated, or affirming no more"),
    green: count.describe("how many would turn green: affirming"),
    other: count.describe("how many would change otherwise, such as from contraindicated to unverifiable"),
    same: count.describe("how many would stay; also those that are silent, where the policy judges them no worse"),
  })
  .openapi("DryRun");
export const referenceList = z
  .object({ items: z.array(z.object({ name, digest, since: time })) })
  .openapi("ReferenceList");

export const tokenOrder = z
  .object({ tenant: name, labels: labels.optional(), name: name.optional(), expires: time })
  .openapi("EnrolmentTokenOrder");
export const tokenMade = z.object({ token: z.string() }).openapi("EnrolmentToken");
export const revocation = z.object({ reason: line(1024).min(1) }).openapi("Revocation");

export const audited = z
  .object({ at: time, who: z.string(), act: z.string(), object: z.string(), detail: z.string() })
  .openapi("Audited");
export const auditList = z.object(page(audited)).openapi("AuditList");

export const epochGiven = z
  .object({
    epoch: count.describe("how many revocations there were"),
    raised: time,
    token: z.string().describe("the same as a signed JWT of the type isoline-epoch+jwt, which is what counts"),
  })
  .openapi("RevocationEpoch");

const base64 = (bytes: number) =>
  z
    .base64()
    .min(1)
    .max(Math.ceil(bytes / 3) * 4);
/** What an agent asks for an SVID with (docs/spec/svid.md). */
export const svidOrder = z
  .object({
    challenge,
    canister: label.optional().describe("left out: for the node itself"),
    key: base64(512).describe("SubjectPublicKeyInfo in DER"),
    proof: base64(256).describe("by that key over the statement: ECDSA with SHA-256, in DER"),
    quote: base64(8192).optional().describe("by the node's TPM over the digest of the statement, in CBOR"),
    report: z
      .object({
        provider: z.enum(["sev_guest", "tdx_guest"]),
        report: base64(20_480),
        certificates: base64(20_480).or(z.literal("")),
        proof: base64(256).describe("by the node's own key over the statement: ECDSA with SHA-256, in DER"),
      })
      .optional()
      .describe("of a node without a TPM, in place of the quote: by its confidential machine, about the statement"),
  })
  .openapi("SvidOrder");
export const svidGiven = z
  .object({
    id: z.string().describe("a SPIFFE id"),
    certificate: z.string().describe("in PEM"),
    bundle: z.string().describe("the roots of the trust domain, in PEM"),
    until: time,
  })
  .openapi("Svid");
export const svidBundle = z
  .object({ keys: z.array(z.record(z.string(), z.unknown())), spiffe_refresh_hint: count })
  .openapi("SvidBundle");

/** The data of an event `change` of `/v1/changes`; its id is for `Last-Event-ID`. */
export const change = z
  .object({
    at: time,
    node: name,
    label: label.optional(),
    from: state,
    to: z
      .enum([...state.options, "gone"])
      .describe(
        "gone: the node was collected or retired, with all of its canisters, which have no change of their own",
      ),
    failure: failureClass.optional(),
    why: z.string().optional(),
  })
  .openapi("Change");

/** What a page needs to begin the authorization code flow with PKCE; left out where no provider is configured for it. */
export const loginOffered = z
  .object({
    provider: z
      .object({
        issuer: z.string(),
        authorization: z.string().describe("where the browser is sent"),
        client: z.string(),
        redirect: z.string().describe("the page's own address, as the provider has it"),
        scope: z.string(),
        logout: z.string().optional().describe("where a person signs out of the provider"),
      })
      .optional(),
  })
  .openapi("LoginOffered");
/** A code verifier has the length and the letters of RFC 7636, 4.1; a code those of RFC 6749, appendix A.11. */
export const loginReturned = z
  .object({
    code: z.string().regex(/^[\x20-\x7e]{1,4096}$/, "printable letters, at most 4096"),
    verifier: z.string().regex(/^[A-Za-z0-9._~-]{43,128}$/, "43 to 128 letters, digits, . _ ~ and -"),
    nonce: z.string().regex(/^[A-Za-z0-9_-]{16,128}$/, "16 to 128 letters, digits, _ and -"),
  })
  .openapi("LoginReturned");
export const loginToken = z.object({ token: z.string() }).openapi("LoginToken");

export const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) }).openapi("Refusal");

export type State = z.infer<typeof state>;
export type Link = z.infer<typeof link>;
export type Node = z.infer<typeof node>;
export type NodeInList = z.infer<typeof nodeInList>;
export type NodeList = z.infer<typeof nodeList>;
export type Canister = z.infer<typeof canister>;
export type CanisterInFull = z.infer<typeof canisterInFull>;
export type CanisterList = z.infer<typeof canisterList>;
export type Departure = z.infer<typeof departure>;
export type EnrolmentOrder = z.infer<typeof enrolmentOrder>;
export type EnrolmentBegun = z.infer<typeof enrolmentBegun>;
export type Enrolled = z.infer<typeof enrolled>;
export type ChallengeGiven = z.infer<typeof challengeGiven>;
export type Result = z.infer<typeof result>;
export type DeparturesTold = z.infer<typeof departuresTold>;
export type ContourMap = z.infer<typeof contourMap>;
export type PolicyInList = z.infer<typeof policyInList>;
export type DryRun = z.infer<typeof dryRun>;
export type ReferenceList = z.infer<typeof referenceList>;
export type EnrolmentTokenOrder = z.infer<typeof tokenOrder>;
export type Audited = z.infer<typeof audited>;
export type Change = z.infer<typeof change>;
export type LoginOffered = z.infer<typeof loginOffered>;
export type LoginReturned = z.infer<typeof loginReturned>;
export type LoginToken = z.infer<typeof loginToken>;
export type Refusal = z.infer<typeof refusal>;
