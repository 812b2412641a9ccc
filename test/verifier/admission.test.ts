/** The admission webhook: AdmissionReviews as the documentation of the API server has them, and what a user of kubectl is told. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Refusal } from "../../packages/verifier/src/http/model.ts";
import { Rig, samplePolicy } from "./rig.ts";

interface ReviewedPod {
  metadata: { annotations?: object };
  spec: Record<string, unknown> & { containers: { image?: string }[] };
}
interface Review {
  readonly request: {
    readonly uid: string;
    namespace: string;
    object: ReviewedPod;
    readonly oldObject?: ReviewedPod;
  };
}
interface Answered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly code: number; readonly message: string };
  };
}

const image = (byte: string) => `sha256:${byte.repeat(32)}`;
const digest = (byte: string) => byte.repeat(32);
const REFERENCES = {
  references: 1,
  contours: [
    { name: "web", contour: digest("04"), state: digest("05"), images: [image("5b")] },
    { name: "migrate", contour: digest("06"), state: digest("07"), images: [image("7c")] },
    { name: "any", contour: digest("08"), state: digest("09") },
  ],
};
const TOKEN = "token-of-the-api-server";

const written = (name: string): Review =>
  JSON.parse(readFileSync(new URL(`admission-reviews/${name}.json`, import.meta.url), "utf8")) as Review;

const rig = new Rig();
const ask = (review: object, token = TOKEN) =>
  rig.call<Answered & Refusal>("POST", "/v1/admission?timeout=10s", { token, body: review });
/** What kubectl shows after `admission webhook "admission.isoline.dev" denied the request: `. */
const told = async (review: object) => (await ask(review)).body.response.status?.message;

describe("admission", () => {
  beforeAll(async () => {
    writeFileSync(join(rig.place, "admission-token"), `${TOKEN}\n`, { mode: 0o600 });
    await rig.start({ admission: { exempt: ["kube-system"], token: join(rig.place, "admission-token") } });
    await rig.rules(samplePolicy(), REFERENCES);
  });
  afterAll(() => rig.stop());

  it("of a pod whose images have contours", async () => {
    const review = written("create");
    const { status, body, headers } = await ask(review);
    expect(status).toBe(200);
    expect(headers.get("content-type")).toContain("application/json");
    expect(body).toEqual({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: review.request.uid, allowed: true },
    });
  });

  it("is refused to an image by its tag, in words for a user of kubectl", async () => {
    const review = written("create-by-tag");
    const { body } = await ask(review);
    expect(body.response).toEqual({
      uid: review.request.uid,
      allowed: false,
      status: {
        code: 403,
        message:
          'isoline: container "web": expected an image by its digest, NAME@sha256:…, got "nginx:1.27"; name the digest',
      },
    });
  });

  it.each([
    [
      "an image that no contour is for",
      (pod: Review["request"]["object"]) => void (pod.spec.containers[0] = { image: `web@${image("99")}` }),
      /published contour/,
    ],
    [
      "a container without an image",
      (pod: Review["request"]["object"]) => void delete pod.spec.containers[0]?.image,
      /by its digest/,
    ],
    [
      "a tag beside the digest of no contour",
      (pod: Review["request"]["object"]) => void (pod.spec.containers[0] = { image: `web:1@${image("99")}` }),
      /published contour/,
    ],
    [
      "a digest in capitals",
      (pod: Review["request"]["object"]) => void (pod.spec.containers[0] = { image: `web@${image("5B")}` }),
      /by its digest/,
    ],
    [
      "another runtime",
      (pod: Review["request"]["object"]) => void (pod.spec["runtimeClassName"] = "runc"),
      /expected runtimeClassName isoline, got "runc"/,
    ],
    ["no runtime class", (pod: Review["request"]["object"]) => void delete pod.spec["runtimeClassName"], /got none/],
    [
      "a mode of its own",
      (pod: Review["request"]["object"]) => void (pod.metadata.annotations = { "dev.isoline.mode": "learn" }),
      /expected no annotation/,
    ],
    [
      "a volume by a tag",
      (pod: Review["request"]["object"]) =>
        void (pod.spec["volumes"] = [{ name: "m", image: { reference: "models:1" } }]),
      /volume "m": expected an image by its digest/,
    ],
  ])("is refused to %s", async (_, change, refusal) => {
    const review = written("create");
    const { object } = review.request;
    for (const one of object.spec.containers) Object.assign(one, { name: "web" });
    change(object);
    for (const one of object.spec.containers) Object.assign(one, { name: "web" });
    expect(await told(review)).toMatch(refusal);
  });

  it("is not asked twice: a pod that is there can be changed and so removed, but gets no new image", async () => {
    expect((await ask(written("update-label"))).body.response.allowed).toBe(true);
    expect(await told(written("update-ephemeral"))).toMatch(
      /container "debugger-m2v8q": expected an image by its digest/,
    );
  });

  it("is asked again of an image that was a volume, where a container is to run it", async () => {
    const review = written("update-label");
    const { object, oldObject } = review.request;
    const reference = `models@${image("99")}`;
    for (const pod of [object, oldObject]) pod!.spec["volumes"] = [{ name: "m", image: { reference } }];
    expect((await ask(review)).body.response.allowed).toBe(true);
    object.spec.containers[0]!.image = reference;
    expect(await told(review)).toMatch(/expected an image with a published contour/);
  });

  it.each(["delete", "create-deployment"])("is refused to what the webhook is not for: %s", async (name) => {
    expect(await told(written(name))).toMatch(
      /expected a pod that is made or changed, got .*; correct the webhook's rules/,
    );
  });

  it("leaves exempt namespaces alone, by the namespace of the request", async () => {
    const review = written("create-by-tag");
    Object.assign(review.request.object.metadata, { namespace: "kube-system" });
    expect((await ask(review)).body.response.allowed).toBe(false);
    review.request.namespace = "kube-system";
    expect((await ask(review)).body.response.allowed).toBe(true);
  });

  it("says in one line what a stranger wrote, and how much more there is", async () => {
    const review = written("create");
    review.request.object.spec.containers = Array.from({ length: 9 }, (_, index) => ({
      name: `c${index}`,
      image: "a\u001b[31m\nb",
    }));
    const message = await told(review);
    expect(message).toMatch(/^[ -~…]+; and 6 more$/);
  });

  it("follows the reference values", async () => {
    await rig.rules(samplePolicy({ version: 2 }), { ...REFERENCES, contours: REFERENCES.contours.slice(1) });
    expect(await told(written("create"))).toMatch(/container "web": expected an image with a published contour/);
    await rig.rules(samplePolicy({ version: 3 }), REFERENCES);
  });

  it("is answered to the API server alone, and never when the request is damaged", async () => {
    const review = written("create");
    expect((await ask(review, "another-token-0123456789")).status).toBe(401);
    expect((await ask(review, "")).status).toBe(401);
    const damaged = [{}, { ...review, apiVersion: "admission.k8s.io/v1beta1" }, { ...review, request: undefined }];
    for (const body of damaged) expect((await ask(body)).status).toBe(400);
    const large = written("create");
    Object.assign(large.request.object.metadata, { filler: "x".repeat(9 * 2 ** 20) });
    expect((await ask(large)).status).toBe(413);
  });

  it("is never given to a pod of any shape without a known image", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (spec) => {
        const review = written("create");
        Object.assign(review.request.object, {
          spec: { ...(spec as object), containers: [{ name: "x", image: "y:1" }] },
        });
        expect((await ask(review)).body.response.allowed).toBe(false);
        Object.assign(review.request, { object: spec });
        expect((await ask(review)).body.response.allowed).toBe(false);
      }),
      { numRuns: 60 },
    );
    expect(rig.failures).toEqual([]);
  });
});

describe("admission that is not configured", () => {
  afterAll(() => rig.close());

  it("is no answer, so that a cluster which asks refuses its pods", async () => {
    await rig.start();
    const { status, body } = await rig.call<Refusal>("POST", "/v1/admission", { token: "", body: written("create") });
    expect(status).toBe(404);
    expect(body.error.message).toContain("admission is not configured");
    await rig.stop();
  });

  it.each([
    ["a pattern of namespaces", { exempt: ["kube-*"] }, /admission\.exempt\.0: the name of a namespace/],
    ["no runtime class", { exempt: [], runtimeClasses: [] }, /admission\.runtimeClasses/],
    ["a member that is not known", { exempt: [], exemptAll: true }, /admission: .*exemptAll/],
    ["a token that is guessed soon", { exempt: [], token: "short" }, /expected at least 16 letters, got 5/],
  ])("is not configured by %s", async (_, admission, refusal) => {
    const token = "token" in admission ? { token: join(rig.place, admission.token) } : {};
    writeFileSync(join(rig.place, "short"), "12345\n", { mode: 0o600 });
    await expect(rig.start({ admission: { ...admission, ...token } })).rejects.toThrow(refusal);
  });
});
