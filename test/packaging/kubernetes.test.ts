/** The manifests for Kubernetes: read by kubectl's own types, without a cluster, and agreeing with each other and with the verifier. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { configurationIn } from "../../packages/verifier/src/serve/configuration.ts";
import { ended } from "../support/isoline.ts";
import { isInstalled } from "../support/machine.ts";
import { ApiTypes } from "./api-types.ts";

type Table = Readonly<Record<string, unknown>>;
interface Manifest extends Table {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const folder = fileURLToPath(new URL("../../packaging/kubernetes/", import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
const manifests = (file: string): readonly Manifest[] =>
  parseAllDocuments(readFileSync(join(folder, file), "utf8"), { strict: true, uniqueKeys: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
const all = files.flatMap(manifests);
const one = (kind: string, name?: string) =>
  all.find((each) => each.kind === kind && (name === undefined || each.metadata.name === name)) as Manifest;
const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((here, key) => (here as Record<string | number, unknown> | undefined)?.[key], value);

/** Paths of what one has, and the other has not or has otherwise. */
function lost(ours: unknown, theirs: unknown, path = ""): readonly string[] {
  if (typeof ours !== "object" || ours === null) return ours === theirs ? [] : [path];
  return Object.entries(ours).flatMap(([key, value]) =>
    lost(value, (theirs as Table | undefined)?.[key], `${path}.${key}`),
  );
}

/**
 * A workload as kubectl's types hold it: a field that the API does not have is gone. For what has a pod's template only.
 */
function asTyped(manifest: Manifest): Manifest {
  const words = ["set", "serviceaccount", "--local", "-f", "-", "isoline", "-o", "json"];
  const { status, stdout, stderr } = spawnSync("kubectl", words, { input: JSON.stringify(manifest), encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as Manifest;
}

/** `true`: any value. A list stands for every item. */
type Fields = true | readonly [Fields] | { readonly [name: string]: Fields };
const TOP = { apiVersion: true, kind: true, metadata: { name: true, namespace: true, labels: true } } as const;
/** As the API reference of Kubernetes has them (kubernetes.io/docs/reference/kubernetes-api), as far as they are used here. */
const FIELDS: Readonly<Record<string, Fields>> = {
  Namespace: TOP,
  ServiceAccount: { ...TOP, automountServiceAccountToken: true },
  Service: { ...TOP, spec: { selector: true, ports: [{ name: true, port: true, targetPort: true, protocol: true }] } },
  PodDisruptionBudget: { ...TOP, spec: { minAvailable: true, selector: { matchLabels: true } } },
  RuntimeClass: {
    ...TOP,
    handler: true,
    scheduling: { nodeSelector: true, tolerations: true },
    overhead: { podFixed: true },
  },
  ValidatingWebhookConfiguration: {
    ...TOP,
    webhooks: [
      {
        name: true,
        admissionReviewVersions: true,
        sideEffects: true,
        failurePolicy: true,
        matchPolicy: true,
        timeoutSeconds: true,
        namespaceSelector: { matchExpressions: [{ key: true, operator: true, values: true }] },
        rules: [{ apiGroups: true, apiVersions: true, operations: true, resources: true, scope: true }],
        clientConfig: { service: { namespace: true, name: true, path: true, port: true }, caBundle: true },
      },
    ],
  },
};

/** Paths of fields that are not listed. */
function strange(value: unknown, fields: Fields | undefined, path: string): readonly string[] {
  if (fields === undefined) return [path];
  if (fields === true || typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    strange(
      inner,
      Array.isArray(fields) ? fields[0] : (fields as Readonly<Record<string, Fields>>)[key],
      `${path}.${key}`,
    ),
  );
}

/** As kubectl names what it would make. */
function named(apiVersion: string, kind: string, name: string): string {
  const [group, version] = apiVersion.split("/");
  return `${kind.toLowerCase()}${version === undefined ? "" : `.${group}`}/${name}`;
}

describe("the manifests", () => {
  it("are of the versions and kinds that they should be", () => {
    expect(all.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`).sort()).toEqual([
      "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration isoline",
      "apps/v1 DaemonSet isoline-agent",
      "apps/v1 Deployment isoline-verifier",
      "node.k8s.io/v1 RuntimeClass isoline",
      "policy/v1 PodDisruptionBudget isoline-verifier",
      "v1 Namespace isoline",
      "v1 Service isoline-verifier",
      "v1 ServiceAccount isoline-agent",
      "v1 ServiceAccount isoline-verifier",
    ]);
  });

  it("have only fields that the API has, beside their workloads", () => {
    const others = all.filter(({ kind }) => kind !== "DaemonSet" && kind !== "Deployment");
    expect(others.flatMap((each) => strange(each, FIELDS[each.kind], each.kind))).toEqual([]);
    const webhooks = [{ name: "x", failPolicy: "Fail" }];
    expect(strange({ webhooks }, FIELDS["ValidatingWebhookConfiguration"], "it")).toEqual(["it.webhooks.0.failPolicy"]);
  });

  it.skipIf(!isInstalled("kubectl"))("have workloads that kubectl's types hold whole (needs kubectl)", () => {
    for (const kind of ["DaemonSet", "Deployment"]) {
      const { spec, ...rest } = one(kind);
      const { serviceAccountName: _, ...pod } = at(spec, "template", "spec") as Table;
      expect(
        lost({ ...rest, spec: { ...(spec as Table), template: { spec: pod } } }, asTyped(one(kind)), kind),
      ).toEqual([]);
    }
    const wrong = structuredClone(one("DaemonSet"));
    Object.assign(at(wrong, "spec", "template", "spec", "containers", 0) as Table, { privileged: true });
    expect(lost(wrong, asTyped(wrong))).toContain(".spec.template.spec.containers.0.privileged");
  });

  it.skipIf(!isInstalled("kubectl"))("pass kubectl create --dry-run=client (needs kubectl)", async () => {
    const types = await ApiTypes.start();
    const place = mkdtempSync(join(tmpdir(), "isoline-kubectl-"));
    const dryRun = (...names: readonly string[]) => {
      const words = [
        "create",
        "--dry-run=client",
        "--validate=false",
        "-o",
        "name",
        ...names.flatMap((name) => ["-f", name]),
      ];
      return ended("kubectl", ["--server", types.address, "--cache-dir", join(place, "cache"), ...words], {
        cwd: place,
      });
    };
    try {
      const { status, stdout, stderr } = await dryRun(...files.map((name) => join(folder, name)));
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout.trim().split("\n").sort()).toEqual(
        all.map(({ apiVersion, kind, metadata }) => named(apiVersion, kind, metadata.name)).sort(),
      );
      // It asked for types, and nothing was sent to the server.
      expect(types.asked.filter((asked) => !/^GET \/apis?(?:\/|$)/.test(asked))).toEqual([]);
      writeFileSync(join(place, "wrong.yaml"), "apiVersion: node.k8s.io/v2\nkind: RuntimeClass\nmetadata: {name: x}\n");
      const wrong = await dryRun("wrong.yaml");
      expect(wrong.status).toBe(1);
      expect(wrong.stderr).toContain('no matches for kind "RuntimeClass" in version "node.k8s.io/v2"');
    } finally {
      await types.stop();
      rmSync(place, { recursive: true });
    }
  });

  it("have a configuration that the verifier takes, whose exempt namespaces are those of the webhook", () => {
    const told = readFileSync(join(folder, "samples/verifier-configuration.yaml"), "utf8");
    const { admission, listen, tls } = configurationIn(parse(told));
    const webhook = at(one("ValidatingWebhookConfiguration"), "webhooks", 0);
    expect(admission?.exempt).toEqual(at(webhook, "namespaceSelector", "matchExpressions", 0, "values"));
    expect(admission?.runtimeClasses).toEqual([one("RuntimeClass").metadata.name]);
    expect([listen, tls?.key]).toEqual(["0.0.0.0:8443", "tls/tls.key"]);
  });

  it("have no Secret, whose password a second kubectl apply would overwrite, and name those that an operator makes", () => {
    expect(all.filter(({ kind }) => kind === "Secret")).toEqual([]);
    const volumes = at(one("Deployment"), "spec", "template", "spec", "volumes") as Table[];
    const page = readFileSync(new URL("../../docs/how-to/kubernetes.md", import.meta.url), "utf8");
    const named = volumes.flatMap((volume) => (at(volume, "secret", "secretName") as string | undefined) ?? []);
    expect(
      named.filter(
        (name) => !page.includes(`create secret generic ${name} `) && !page.includes(`create secret tls ${name} `),
      ),
    ).toEqual([]);
    expect(named).toContain("isoline-verifier");
  });

  it("give the verifier a folder of its own user, and not that of the volume, which every user may write", () => {
    const spec = at(one("Deployment"), "spec", "template", "spec");
    const mounts = at(spec, "containers", 0, "volumeMounts") as Table[];
    expect(mounts[0]).toEqual({ name: "own", mountPath: "/etc/isoline", subPath: "isoline" });
    const script = at(spec, "initContainers", 0, "command", 2) as string;
    expect(script).toMatch(/^umask 077\n/);
    expect(script).toContain('mkdir -p "/own/isoline/$folder"');
  });

  it("fail closed, and lead the API server to the verifier's service and port", () => {
    const webhook = at(one("ValidatingWebhookConfiguration"), "webhooks", 0) as Table;
    expect(webhook).toMatchObject({ failurePolicy: "Fail", sideEffects: "None", admissionReviewVersions: ["v1"] });
    const service = one("Service");
    const { name, namespace } = service.metadata;
    expect(at(webhook, "clientConfig", "service")).toEqual({ name, namespace, path: "/v1/admission", port: 443 });
    const pod = at(one("Deployment"), "spec", "template");
    expect(at(pod, "metadata", "labels")).toEqual(at(service, "spec", "selector"));
    expect(at(pod, "spec", "containers", 0, "ports", 0)).toEqual({
      name: "https",
      containerPort: 8443,
      protocol: "TCP",
    });
  });

  it("name every image by a digest that is to be put in, and mount only volumes that are there", () => {
    for (const kind of ["DaemonSet", "Deployment"]) {
      const spec = at(one(kind), "spec", "template", "spec") as Table;
      const containers = [...(spec["initContainers"] as Table[]), ...(spec["containers"] as Table[])];
      const volumes = (spec["volumes"] as Table[]).map((volume) => volume["name"]);
      for (const { image, volumeMounts } of containers) {
        expect(image).toMatch(/@sha256:0{64}$/);
        for (const mount of volumeMounts as Table[]) expect(volumes).toContain(mount["name"]);
      }
    }
  });
});
