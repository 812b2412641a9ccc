/**
 * An object store for tests: Debian's moto, and before it a server that may lie.
 *
 * moto 5.1.1 keeps to `If-None-Match: *`, and passes over `If-Match` of a write. The server before it knows which version was written last,
 * and refuses a write that names another one, as S3 does.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Bucket, type BucketAddress, bucketAddress } from "../../packages/log/src/writer/index.ts";

export interface Asked {
  readonly method: string;
  /** Below the bucket. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What a server does in place of the truth; `undefined` is the truth, "hang up" is no answer. */
export interface Lies {
  /** Before the store is asked. */
  readonly before?: (asked: Asked) => Answered | "hang up" | undefined;
  /** After the store did what was asked. */
  readonly after?: (asked: Asked, answered: Answered) => Answered | "hang up" | undefined;
}

const BUCKET = "logs";
const PATIENCE = { silent: 5000, pause: 1 };

export class ObjectServer {
  readonly #children: ChildProcess[] = [];
  readonly #server: Server;
  /** What each object was written as last. */
  readonly #versions = new Map<string, string>();
  #moto = "";
  #keys = { access: "", secret: "" };
  lies: Lies = {};

  constructor() {
    this.#server = createServer((incoming, response) => {
      const parts: Buffer[] = [];
      incoming.on("data", (part: Buffer) => parts.push(part));
      incoming.on("end", () => {
        const asked = { method: incoming.method ?? "", path: incoming.url ?? "", headers: incoming.headers };
        this.#answer(asked, Buffer.concat(parts), response).catch(() => response.destroy());
      });
    });
  }

  /** Starts both. moto checks signatures from the moment on that it has a user, a bucket and a key. */
  async start(): Promise<void> {
    const port = await freePort();
    const env = { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: "4", PYTHONDONTWRITEBYTECODE: "1" };
    const moto = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { env, stdio: "ignore" });
    this.#children.push(moto);
    this.#moto = `http://127.0.0.1:${port}`;
    await answering(`${this.#moto}/moto-api/`);
    const said = execFileSync("python3", ["-c", BEGIN, this.#moto, BUCKET], { encoding: "utf8" });
    const [access = "", secret = ""] = said.trim().split(" ");
    this.#keys = { access, secret };
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    for (const child of this.#children) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The file that `--credentials` names. */
  credentials(secret = this.#keys.secret): string {
    return [
      `endpoint: ${this.endpoint}`,
      "region: us-east-1",
      `access-key: ${this.#keys.access}`,
      `secret-key: ${secret}`,
      "",
    ].join("\n");
  }

  address(prefix: string, secret?: string): BucketAddress {
    return bucketAddress(`s3://${BUCKET}/${prefix}`, this.credentials(secret));
  }

  bucket(prefix: string, secret?: string): Bucket {
    return new Bucket(this.address(prefix, secret), PATIENCE);
  }

  async #answer(asked: Asked, body: Buffer, response: ServerResponse): Promise<void> {
    const { before, after } = this.lies;
    const at = { ...asked, path: asked.path.replace(`/${BUCKET}/`, "") };
    const told = before?.(at) ?? (await this.#truth(asked, body));
    const answer = told === "hang up" ? told : (after?.(at, told) ?? told);
    if (answer === "hang up") response.destroy();
    else response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  async #truth({ method, path, headers }: Asked, body: Buffer): Promise<Answered> {
    const condition = headers["if-match"];
    if (method === "PUT" && condition !== undefined && condition !== this.#versions.get(path))
      return { status: 412, headers: {}, body: Buffer.from("<Code>PreconditionFailed</Code>") };
    const outgoing = request(`${this.#moto}${path}`, { method, headers });
    outgoing.end(body);
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const { etag } = incoming.headers;
    const status = incoming.statusCode ?? 0;
    if (method === "PUT" && status === 200 && etag !== undefined) this.#versions.set(path, etag);
    return { status, headers: etag === undefined ? {} : { etag }, body: Buffer.concat(parts) };
  }
}

/** Four acts that moto allows to anyone: a user, what the user may do, a key, a bucket. */
const BEGIN = `
import json, sys, boto3
where = dict(endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="any")
iam = boto3.client("iam", **where)
iam.create_user(UserName="log")
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
iam.put_user_policy(UserName="log", PolicyName="log", PolicyDocument=json.dumps(policy))
key = iam.create_access_key(UserName="log")["AccessKey"]
boto3.client("s3", **where).create_bucket(Bucket=sys.argv[2])
print(key["AccessKeyId"], key["SecretAccessKey"])
`;

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

async function answering(url: string): Promise<void> {
  for (let left = 150; ; left--) {
    try {
      await fetch(url);
      return;
    } catch (fault) {
      if (left === 0) throw fault;
      await pause(100);
    }
  }
}
