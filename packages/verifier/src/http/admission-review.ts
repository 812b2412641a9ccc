/**
 * AdmissionReview of Kubernetes, admission.k8s.io/v1, as far as an answer depends on it
 * (kubernetes.io/docs/reference/config-api/apiserver-admission.v1): members that are not here are passed over.
 */
import { z } from "@hono/zod-openapi";

const MOST_CONTAINERS = 1000;
const text = (most: number) => z.string().max(most);

const container = z.object({ name: text(253), image: text(4096).optional() });
const containers = z.array(container).max(MOST_CONTAINERS).nullish();

const pod = z.object({
  metadata: z.object({ annotations: z.record(text(1024), z.string()).nullish() }).nullish(),
  spec: z.object({
    runtimeClassName: text(253).nullish(),
    initContainers: containers,
    containers,
    ephemeralContainers: containers,
    volumes: z
      .array(z.object({ name: text(253), image: z.object({ reference: text(4096).optional() }).nullish() }))
      .max(MOST_CONTAINERS)
      .nullish(),
  }),
});

/** `object` is read apart: what is no pod is answered, not refused as malformed. */
export const admissionAsked = z
  .object({
    apiVersion: z.literal("admission.k8s.io/v1"),
    kind: z.literal("AdmissionReview"),
    request: z.object({
      uid: text(128).min(1),
      kind: z.object({ group: text(253), version: text(63), kind: text(63) }),
      operation: z.enum(["CREATE", "UPDATE", "DELETE", "CONNECT"]),
      namespace: text(253).optional(),
      object: z.unknown(),
      oldObject: z.unknown(),
    }),
  })
  .openapi("AdmissionReviewAsked");

export const admissionAnswered = z
  .object({
    apiVersion: z.literal("admission.k8s.io/v1"),
    kind: z.literal("AdmissionReview"),
    response: z.object({
      uid: z.string(),
      allowed: z.boolean(),
      status: z.object({ code: z.int(), message: z.string() }).optional(),
    }),
  })
  .openapi("AdmissionReviewAnswered");

export type AdmissionRequest = z.infer<typeof admissionAsked>["request"];
export type Pod = z.infer<typeof pod>;

/** Undefined for anything else. */
export function podIn(object: unknown): Pod | undefined {
  return pod.safeParse(object).data;
}
