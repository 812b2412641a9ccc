/** What an API server of Kubernetes answers to a client that asks for its types, and nothing else: for `kubectl --dry-run=client`. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

type Resource = readonly [plural: string, kind: string, isNamespaced: boolean];

/** As the API reference of Kubernetes has them (kubernetes.io/docs/reference/kubernetes-api), as far as the manifests use them. */
const TYPES: Readonly<Record<string, readonly Resource[]>> = {
  v1: [
    ["namespaces", "Namespace", false],
    ["services", "Service", true],
    ["serviceaccounts", "ServiceAccount", true],
  ],
  "apps/v1": [
    ["daemonsets", "DaemonSet", true],
    ["deployments", "Deployment", true],
  ],
  "policy/v1": [["poddisruptionbudgets", "PodDisruptionBudget", true]],
  "node.k8s.io/v1": [["runtimeclasses", "RuntimeClass", false]],
  "admissionregistration.k8s.io/v1": [["validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false]],
};

export class ApiTypes {
  /** `METHOD PATH` of each request. */
  readonly asked: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://types");
      this.asked.push(`${request.method} ${pathname}`);
      const answer = answerTo(pathname);
      response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? { kind: "Status", status: "Failure", code: 404 }));
    });
  }

  static async start(): Promise<ApiTypes> {
    const types = new ApiTypes();
    await new Promise<void>((resolve) => types.#server.listen(0, "127.0.0.1", resolve));
    return types;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function answerTo(path: string): object | undefined {
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis")
    return {
      ...{ kind: "APIGroupList", apiVersion: "v1" },
      groups: Object.keys(TYPES).flatMap((groupVersion) => {
        const [name, version] = groupVersion.split("/");
        const preferred = { groupVersion, version };
        return version === undefined ? [] : [{ name, versions: [preferred], preferredVersion: preferred }];
      }),
    };
  const groupVersion = path.replace(/^\/apis?\//, "");
  const resources = TYPES[groupVersion]?.map(([name, kind, namespaced]) => ({
    ...{ name, kind, namespaced, singularName: kind.toLowerCase(), verbs: ["create", "get"] },
  }));
  return resources && { kind: "APIResourceList", groupVersion, resources };
}
