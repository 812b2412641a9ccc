/** Keys and signatures. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {import("../place.mjs").Workload} Workload */

/** @type {Workload} */
export const openssl = {
  name: "openssl",
  says: "openssl: keys, a small CA, a signed certificate, a signature, an encrypted file, a TLS handshake",
  programs: ["openssl"],
  prepare(cwd) {
    writeFileSync(
      join(cwd, "story.sh"),
      `set -e
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 9 -subj /CN=ca 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout host.key -out host.csr -subj /CN=localhost 2>/dev/null
openssl x509 -req -in host.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out host.crt -days 9 2>/dev/null
openssl verify -CAfile ca.crt host.crt; echo secret > plain
openssl dgst -sha256 -sign host.key -out plain.sig plain
openssl enc -aes-256-cbc -pbkdf2 -pass pass:x -in plain -out plain.enc
openssl rand -hex 8 > /dev/null
openssl s_server -accept 127.0.0.1:18443 -cert host.crt -key host.key -naccept 1 -quiet > served < /dev/null & server=$!; sleep 0.1
until openssl s_client -connect 127.0.0.1:18443 -CAfile ca.crt -verify_return_error -brief < /dev/null > /dev/null 2>&1; do sleep 0.1; done
wait $server || true
`,
    );
  },
  command: ["sh", "story.sh"],
};

/** @type {Workload} */
export const gpg = {
  name: "gpg",
  says: "gpg with its agent: a key is made, a file signed, checked and encrypted; the agent is told to end",
  programs: ["gpg", "gpgconf"],
  prepare(cwd) {
    mkdirSync(join(cwd, "ring"), { mode: 0o700 });
    writeFileSync(
      join(cwd, "story.sh"),
      `set -e
export GNUPGHOME="$PWD/ring"; chmod 700 ring
gpg --batch --quiet --passphrase '' --quick-gen-key ann@example.org ed25519 sign never
echo text > plain; gpg --batch --quiet --passphrase '' --pinentry-mode loopback --detach-sign plain
gpg --batch --quiet --verify plain.sig plain 2>/dev/null
gpg --batch --quiet --passphrase x --pinentry-mode loopback --symmetric plain
gpg --batch --quiet --list-keys >/dev/null; gpgconf --kill all
`,
    );
  },
  command: ["sh", "story.sh"],
};

/** @type {Workload} */
export const ssh = {
  name: "ssh-keygen",
  says: "ssh-keygen: two key pairs, a comment changed, a certificate, a signed file, a hashed known_hosts",
  programs: ["ssh-keygen"],
  prepare(cwd) {
    mkdirSync(join(cwd, "keys"), { mode: 0o700 });
    writeFileSync(
      join(cwd, "story.sh"),
      `set -e
ssh-keygen -q -t ed25519 -N '' -C ann -f keys/user; ssh-keygen -q -t ed25519 -N '' -C ca -f keys/ca
ssh-keygen -q -c -C new -f keys/user >/dev/null; ssh-keygen -q -p -N secret -P '' -f keys/user >/dev/null
ssh-keygen -q -s keys/ca -I ann -n ann keys/user.pub
echo text > plain; ssh-keygen -Y sign -n file -f keys/ca plain 2>/dev/null
printf 'example.org %s\\n' "$(cut -d' ' -f1,2 keys/ca.pub)" > known; ssh-keygen -q -H -f known >/dev/null 2>&1; test -s known
`,
    );
  },
  command: ["sh", "story.sh"],
};
