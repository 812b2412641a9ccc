/**
 * The names that no class rule may reach: credentials, persistence, and the configuration of shells, git, editors, agents and
 * build tools. What is written there runs later or elsewhere with other rights, and what is read there opens other doors. So
 * each such name stays on the contour as it was learnt, whatever a rule says.
 *
 * An event with a guarded name in any of its fields is not changed at all. A rename or a hard link can therefore carry no
 * levelled name into such a place, and none out of it.
 *
 * The list is matched without regard to case: some file systems have none.
 */

interface Guard {
  readonly why: string;
  /** Names of directories: nothing below them, wherever they are. */
  readonly directories?: readonly string[];
  /** Names of files or directories, wherever they are. */
  readonly names?: readonly string[];
  /** Endings of files. */
  readonly endings?: readonly string[];
  /** Absolute directories. */
  readonly roots?: readonly string[];
}

/**
 * `any` name; only names of a `form` or a closed list, which are as many as were learnt or differ in a number; or only paths that
 * are `spelled` out as a name, as editors name what they keep of a file.
 */
export type Reach = "any" | "form" | "spelled";

const listed = (words: string): readonly string[] => words.trim().split(/\s+/);

const BUILD = "what build tools and interpreters run";

const guards: readonly Guard[] = [
  {
    why: "credentials",
    directories: listed(`
      .ssh .gnupg .aws .azure .gcloud .kube .docker .password-store .pki .oci .terraform.d keyrings .mozilla
      .thunderbird .electrum .bitcoin .ethereum
    `),
    names: listed(`
      .netrc _netrc .npmrc .yarnrc .yarnrc.yml .pypirc .pgpass .my.cnf .git-credentials .env .envrc .vault-token
      .s3cfg .boto credentials credentials.json credentials.toml authorized_keys known_hosts passwd shadow gshadow
      sudoers htpasswd .htpasswd secrets.json secrets.yml secrets.yaml
    `),
    roots: listed("/root /var/lib/secrets /run/secrets /run/credentials"),
  },
  {
    why: "what starts by itself",
    directories: listed(`
      cron.d cron.hourly cron.daily cron.weekly cron.monthly crontabs autostart systemd init.d rc.d profile.d
      launchagents launchdaemons udev rules.d modprobe.d modules-load.d ld.so.conf.d sudoers.d pam.d dbus-1
      sysctl.d tmpfiles.d dispatcher.d network-scripts xinetd.d update-motd.d binfmt.d applications polkit-1
      apt.conf.d
    `),
    names: listed(`
      crontab anacrontab rc.local ld.so.preload ld.so.conf .xinitrc .xsession .xsessionrc .xprofile
      .pam_environment .forward .procmailrc .plan
    `),
    endings: listed("service timer path desktop automount mount target rules plist pth ko"),
    roots: listed("/etc /boot /efi /var/spool /usr/lib/systemd /lib/systemd /usr/share/dbus-1 /lib/modules"),
  },
  {
    why: "configuration of shells",
    directories: listed(`
      .config .bashrc.d .zsh .oh-my-zsh .zfunc bash-completion site-functions vendor_completions.d
    `),
    names: listed(`
      .bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile .zlogin
      .zlogout .cshrc .tcshrc .login .kshrc .mkshrc .inputrc .editrc .bash_history .zsh_history .lesskey .screenrc
      .tmux.conf .gdbinit .lldbinit .pythonrc .irbrc .pryrc .rprofile .octaverc .psqlrc .sqliterc
    `),
  },
  {
    why: "configuration of git",
    directories: listed("hooks .husky .githooks .lefthook"),
    names: listed(".gitconfig .gitattributes .gitmodules .gitignore .pre-commit-config.yaml lefthook.yml .hgrc"),
  },
  {
    why: "configuration of editors",
    directories: listed(`
      .vscode .vscode-server .idea .fleet .zed .vim .nvim .emacs.d .sublime-project .devcontainer
    `),
    names: listed(".vimrc .exrc .nvimrc .emacs .nanorc .editorconfig .dir-locals.el .projectile .nvim.lua"),
  },
  {
    why: "configuration of agents",
    directories: listed(`
      .claude .cursor .codex .gemini .aider .continue .windsurf .roo .cline .kiro .junie .amazonq
    `),
    names: listed(`
      claude.md claude.local.md agents.md agent.md gemini.md codex.md skill.md copilot-instructions.md
      .cursorrules .windsurfrules .clinerules .roorules .mcp.json mcp.json .aider.conf.yml .claude.json
      .aiderignore
    `),
  },
  {
    why: BUILD,
    directories: listed(".github .gitlab .circleci .buildkite .bin .mvn .yarn site-packages dist-packages"),
    names: listed(`
      makefile gnumakefile bsdmakefile justfile rakefile gemfile gemfile.lock vagrantfile dockerfile containerfile
      jenkinsfile procfile snakefile sconstruct sconscript wscript taskfile.yml tiltfile package.json package-
      lock.json npm-shrinkwrap.json pnpm-lock.yaml pnpm-workspace.yaml yarn.lock .pnpmfile.cjs binding.gyp
      bunfig.toml deno.json tsconfig.json cargo.toml cargo.lock build.rs go.mod go.sum go.work pom.xml
      build.gradle build.gradle.kts settings.gradle settings.gradle.kts gradle.properties gradlew mvnw build.xml
      cmakelists.txt configure configure.ac meson.build build.ninja build.bazel module.bazel setup.py setup.cfg
      pyproject.toml tox.ini noxfile.py pytest.ini conftest.py sitecustomize.py usercustomize.py __init__.py
      __main__.py requirements.txt pip.conf pipfile docker-compose.yml docker-compose.yaml compose.yml
      compose.yaml .gitlab-ci.yml .travis.yml azure-pipelines.yml .drone.yml .htaccess web.config nginx.conf
      .babelrc .eslintrc .eslintrc.js .eslintrc.cjs .prettierrc .mocharc.js composer.json build.zig flake.nix
      default.nix shell.nix postgresql.conf postgresql.auto.conf pg_hba.conf pg_ident.conf redis.conf
    `),
    endings: listed("mk gyp gypi conf rc"),
    roots: listed("/nix"),
  },
  {
    why: "the kernel's and devices' own files",
    roots: listed("/proc /sys /dev /run/systemd /run/dbus /run/docker.sock"),
  },
];

/**
 * Of these the names that say no more than "here is a package": they run when a file beside them would, and no class of files is
 * closed to those. So a workload that unpacks packages may vary the directories above them, by a form.
 */
const OF_PACKAGES: ReadonlySet<string> = new Set(["__init__.py", "__main__.py"]);

/** Endings of keys and certificates: no open class, but those that a workload makes may differ in a number. */
const KEYS: ReadonlySet<string> = new Set(listed("pem key p12 pfx jks keystore kdbx ppk gpg asc"));

/** Below `.git` only what a commit, a fetch or a branch makes. */
const GIT_DATA: ReadonlySet<string> = new Set(["objects", "refs", "logs"]);
/** Where programs and what they load are found: read, but never written. */
const PROGRAMS: ReadonlySet<string> = new Set(["bin", "sbin", "libexec"]);
/** Where packages are installed: written only under names of a form. */
const PACKAGES = "node_modules";
const INSTALLED = /^\/(?:usr|opt|bin|sbin|lib\w*|snap)(?:\/|$)/;
/** Directories of home that begin with a dot and hold only what can be made again; all others are refused. */
const HOME_CACHES: ReadonlySet<string> = new Set(
  listed(`
  .cache .npm .cargo .rustup .m2 .gradle .ivy2 .sbt .pnpm-store .node-gyp .nuget .ccache .bun .deno .local .tox
  .stack .cabal .opam
`),
);
/** Of these only what lies deeper than one level: the files directly in them are their configuration. */
const DEEPER: ReadonlySet<string> = new Set([...HOME_CACHES].filter((name) => name !== ".cache"));

const directories = tableOf("directories");
const names = tableOf("names");
const endings = tableOf("endings");
const roots = guards.flatMap(({ why, roots: at }) => (at ?? []).map((root) => ({ root, why })));

/** Whether a name itself is guarded, wherever it is: no class ever stands in its place. */
export function isGuardedName(name: string): boolean {
  return names.has(name.toLowerCase());
}

/**
 * Why no class may take part in this name; undefined if one may. `path` is levelled, with its tokens at the start.
 *
 * A guarded name is never one of a class. That of a package may have a class of names with a form above it, and so may, to be read
 * only, what build tools run: what lies beside it may be read by such a class as well.
 */
export function guardOf(path: string, writes: boolean, reach: Reach = "any"): string | undefined {
  const whole = path.toLowerCase();
  const components = whole.split("/");
  const last = components.at(-1) as string;
  const plain = components[0] === "$" ? whole.slice(1) : whole;
  const root = roots.find(({ root }) => plain === root || plain.startsWith(`${root}/`));
  if (root) return root.why;
  for (const [at, component] of components.entries()) {
    const why = directories.get(component);
    if (why !== undefined) return why;
    if (component === ".git" && !GIT_DATA.has(components[at + 1] ?? "")) return "configuration of git";
    if (writes && (PROGRAMS.has(component) || (reach === "any" && component === PACKAGES)))
      return "where programs are found";
  }
  if (writes && INSTALLED.test(plain)) return "where programs are found";
  return ofName(last, writes, reach) ?? ofEnding(last, reach) ?? ofHome(components, reach);
}

function ofName(name: string, writes: boolean, reach: Reach): string | undefined {
  const why = names.get(name);
  const isOpen = reach !== "any" && why === BUILD && (!writes || OF_PACKAGES.has(name));
  return isOpen ? undefined : why;
}

function ofEnding(name: string, reach: Reach): string | undefined {
  const ending = name.slice(name.lastIndexOf(".") + 1);
  if (ending === name) return undefined;
  return reach === "any" && KEYS.has(ending) ? "credentials" : endings.get(ending);
}

function ofHome(components: readonly string[], reach: Reach): string | undefined {
  const [token, first] = components;
  if (token !== "$home" || first === undefined || !first.startsWith(".")) return undefined;
  if (!HOME_CACHES.has(first))
    return reach === "spelled" && components.length > 2 ? undefined : "configuration in home";
  return DEEPER.has(first) && components.length <= 3 ? "configuration in home" : undefined;
}

function tableOf(key: "directories" | "names" | "endings"): ReadonlyMap<string, string> {
  return new Map(guards.flatMap((guard) => (guard[key] ?? []).map((name) => [name, guard.why] as const)));
}
