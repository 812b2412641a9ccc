/** The admission webhook of Kubernetes: pods may be made only of images that have a contour among the reference values. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { createMiddleware } from "hono/factory";
import { VerifierError } from "../error.ts";
import { admissionAnswered, admissionAsked, type AdmissionRequest, type Pod, podIn } from "./admission-review.ts";
import { addressOf, type AdmissionPolicy, type Door, type Env } from "./door.ts";
import { atMost, body, json, route } from "./route.ts";

/** The API server accepts objects of 3 MiB at most, and an update carries two. */
const MOST_REVIEW = 8 * 2 ** 20;
const BY_DIGEST = /^[^@\s]{1,1024}@(sha256:[0-9a-f]{64})$/;
const ANNOTATION = "dev.isoline.";
const MOST_SAID = 3;
const FORBIDDEN = 403;
/** No tenant has this name. */
const CALLERS = "/admission";

export function admissionRoutes(app: OpenAPIHono<Env>, door: Door): void {
  app.openapi(
    route({
      method: "post",
      path: "/v1/admission",
      summary: "Whether a pod may be made: an admission webhook of Kubernetes.",
      middleware: [callersOf(door), atMost(door, MOST_REVIEW)] as const,
      request: body(admissionAsked),
      responses: { 200: json(admissionAnswered, "An AdmissionReview with the answer.") },
    }),
    async (c) => {
      const policy = policyOf(door);
      const { request } = c.req.valid("json");
      const isExempt = request.namespace !== undefined && policy.exempt.includes(request.namespace);
      const refusals = isExempt ? [] : refusalsOf(request, policy, await door.fleet.rules.imagesWithContour());
      if (refusals.length > 0) door.metrics.refused("admission");
      return c.json(answerTo(request.uid, refusals), 200);
    },
  );
}

/** The caller is known before its body is read. */
const callersOf = (door: Door) =>
  createMiddleware<Env>(async (c, next) => {
    const { token } = policyOf(door);
    const told = c.req.header("authorization") ?? "";
    if (token !== undefined && !timingSafeEqual(digest(told), digest(`Bearer ${token}`))) {
      door.limits.stranger.count(addressOf(c));
      throw new VerifierError("unknown-caller", "expected the token of admission.token; see docs/how-to/kubernetes.md");
    }
    door.limits.tenant.count(CALLERS);
    await next();
  });

function policyOf({ admission }: Door): AdmissionPolicy {
  if (admission !== undefined) return admission;
  throw new VerifierError("not-found", "admission is not configured here; see docs/how-to/kubernetes.md");
}

const digest = (text: string) => createHash("sha256").update(text).digest();

function answerTo(uid: string, refusals: readonly string[]) {
  const more = refusals.length > MOST_SAID ? `; and ${refusals.length - MOST_SAID} more` : "";
  const message = `${refusals.slice(0, MOST_SAID).join("; ")}${more}`;
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: {
      uid,
      allowed: refusals.length === 0,
      ...(refusals.length > 0 && { status: { code: FORBIDDEN, message } }),
    },
  } as const;
}

/** One line for each thing that is wrong; none: the pod may be made. */
function refusalsOf(
  { kind, operation, object, oldObject }: AdmissionRequest,
  policy: AdmissionPolicy,
  known: ReadonlySet<string>,
): readonly string[] {
  const name = `${kind.group === "" ? "" : `${kind.group}/`}${kind.version} ${kind.kind}`;
  const pod = name === "v1 Pod" && (operation === "CREATE" || operation === "UPDATE") ? podIn(object) : undefined;
  if (pod === undefined)
    return [
      `isoline: expected a pod that is made or changed, got ${operation} of ${shown(name)}; correct the webhook's rules`,
    ];
  const old = operation === "UPDATE" ? podIn(oldObject) : undefined;
  return [...(old === undefined ? outside(pod, policy) : annotated(pod, old)), ...withoutContour(pod, old, known)];
}

/** Neither changes in a pod that is there. */
function outside(pod: Pod, { runtimeClasses }: AdmissionPolicy): readonly string[] {
  const runtime = pod.spec.runtimeClassName ?? "";
  const classes = runtimeClasses.join(" or ");
  return [
    ...(runtimeClasses.includes(runtime)
      ? []
      : [
          `isoline: expected runtimeClassName ${classes}, got ${runtime === "" ? "none" : shown(runtime)}; set it in the pod`,
        ]),
    ...annotated(pod, undefined),
  ];
}

/** An annotation can choose another contour, or that nothing is refused; which contour holds is the host's to say. */
function annotated(pod: Pod, old: Pod | undefined): readonly string[] {
  const before = old?.metadata?.annotations ?? {};
  const now = Object.entries(pod.metadata?.annotations ?? {});
  const found = now.find(([key, value]) => key.startsWith(ANNOTATION) && before[key] !== value);
  return found === undefined
    ? []
    : [`isoline: expected no annotation ${ANNOTATION}*, got ${shown(found[0])}; remove it`];
}

/**
 * An image that the pod had before counts as it did then: a pod that is there must stay removable. An image that was a volume did not run,
 * so it may stay a volume, and is new where a container runs it.
 */
function withoutContour(pod: Pod, old: Pod | undefined, known: ReadonlySet<string>): readonly string[] {
  const before = new Set(old === undefined ? [] : imagesOf(old).map(([, image, runs]) => `${runs} ${image}`));
  const refusals: string[] = [];
  for (const [where, image, runs] of imagesOf(pod)) {
    if (before.has(`${runs} ${image}`)) continue;
    const [, sha256] = BY_DIGEST.exec(image) ?? [];
    if (sha256 === undefined)
      refusals.push(
        `isoline: ${where}: expected an image by its digest, NAME@sha256:…, got ${shown(image)}; name the digest`,
      );
    else if (runs && !known.has(sha256))
      refusals.push(
        `isoline: ${where}: expected an image with a published contour, got ${shown(image)}, which none names; learn and publish one`,
      );
  }
  return refusals;
}

/** Where, which image, and whether its programs are started. */
function imagesOf({ spec }: Pod): readonly (readonly [where: string, image: string, runs: boolean])[] {
  const lists = ["initContainers", "containers", "ephemeralContainers"] as const;
  return [
    ...lists.flatMap((list) =>
      (spec[list] ?? []).map(({ name, image = "" }) => [`container ${shown(name)}`, image, true] as const),
    ),
    ...(spec.volumes ?? []).flatMap(({ name, image }) =>
      image === undefined || image === null ? [] : [[`volume ${shown(name)}`, image.reference ?? "", false] as const],
    ),
  ];
}

/** Text of a stranger in one line. */
const shown = (text: string) => JSON.stringify(text.slice(0, 200)).replace(/[^ -~]/g, "?");
