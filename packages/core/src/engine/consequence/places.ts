/**
 * Places of files whose consequences are known, for `rules.ts`. `place-pattern.ts` says how they are written. Names without a slash
 * in front are found in every directory: a home is `$HOME` here, `/root` there, and `$CWD` where a command was started at home.
 */

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** What another program, a later session or the next boot runs or obeys. */
export const runsLater: readonly string[] = [
  // Shells, and the start of a session.
  ...words(`
    .bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile .zlogin .zlogout .kshrc .mkshrc
    .cshrc .tcshrc .login .logout .inputrc .xinitrc .xsession .xsessionrc .xprofile .xserverrc .pam_environment
    .config/fish .config/environment.d .config/autostart .config/plasma-workspace
    /etc/profile /etc/profile.d /etc/bash.bashrc /etc/bashrc /etc/bash_completion.d /etc/zsh /etc/zshrc /etc/zshenv /etc/csh*
    /etc/environment /etc/skel /etc/xdg/autostart /etc/X11/Xsession* /etc/fish`),
  // Timers and services.
  ...words(`
    /etc/cron* /etc/anacrontab /var/spool/cron /var/spool/at /var/spool/anacron /etc/at.allow
    /etc/systemd /usr/lib/systemd /lib/systemd /run/systemd /usr/local/lib/systemd systemd/user systemd/system
    /etc/init.d /etc/init /etc/inittab /etc/rc*.d /etc/rc.local /etc/rc.d /etc/xinetd* /etc/inetd.conf /etc/runit /etc/s6*
    /etc/udev /usr/lib/udev /lib/udev /run/udev /etc/dbus-1 /usr/share/dbus-1 .local/share/dbus-1 /etc/acpi
    /etc/NetworkManager/dispatcher.d /etc/network/if-*.d /etc/networkd-dispatcher /etc/ppp /etc/dhcp* /etc/update-motd.d
    /etc/logrotate* /etc/apt /etc/dpkg /var/lib/dpkg/info /etc/yum* /etc/dnf /etc/kernel /etc/initramfs-tools /etc/grub.d
    /etc/default /etc/modules* /etc/modprobe.d /usr/lib/modprobe.d /etc/binfmt.d /etc/sysctl.d /etc/sysctl.conf /boot`),
  // What the loader and interpreters load by themselves.
  ...words(`
    /etc/ld.so.preload /etc/ld.so.conf* /etc/ld.so.cache sitecustomize.py usercustomize.py site-packages/*.pth dist-packages/*.pth
    .pythonrc* .perldb /etc/perl /etc/python* .gdbinit .config/gdb .irbrc .Rprofile .envrc .direnvrc`),
  // Programs that are found on the path before those of the system, and these.
  ...words(`
    /usr/local/bin /usr/local/sbin /usr/local/lib .local/bin .local/lib $HOME/bin .cargo/bin go/bin .npm-global
    /bin /sbin /usr/bin /usr/sbin /lib /lib32 /lib64 /usr/lib /usr/lib32 /usr/lib64 /usr/libexec`),
  // Version control, and machines that run what is checked in.
  ...words(`
    .git/hooks .git/config .git/modules .gitconfig .config/git .gitmodules .gitattributes .husky .hg/hgrc .hgrc
    .pre-commit-config.yaml lefthook.yml .github .gitlab-ci.yml .circleci .travis.yml Jenkinsfile azure-pipelines.yml .drone.yml
    .woodpecker* bitbucket-pipelines.yml .forgejo .gitea .buildkite cloudbuild.yaml appveyor.yml`),
  // Editors and agents.
  ...words(`
    .vscode .vscode-server .vscode-oss .idea .fleet .zed .vim .vimrc .gvimrc .config/nvim .exrc .nanorc .emacs .emacs.d
    .config/emacs .dir-locals.el .config/Code .config/VSCodium .cursor .cursorrules .claude .claude.json CLAUDE.md AGENTS.md
    .gemini GEMINI.md .codex .aider* .continue .windsurf .windsurfrules .mcp.json mcp.json`),
  // Tools that run or obey what their configuration says.
  ...words(`
    .npmrc .yarnrc* .yarn/releases .pnpmfile.* .cargo/config* pip.conf .config/pip .pydistutils.cfg .condarc .gradle/init.*
    .m2/settings.xml .mvn .bundle/config .rustup/settings.toml .tmux.conf .config/tmux .screenrc .wgetrc .curlrc .mailcap .mailrc
    .forward .procmailrc .muttrc .lesskey .ssh/config .ssh/rc .ssh/environment`),
  // Pages that a web server runs.
  ...words("/var/www /srv/www /usr/share/nginx /var/lib/tomcat* public_html htdocs .htaccess"),
];

/** Packages as they were unpacked: no shell, editor or CI looks for its configuration inside of them. */
export const unpacked: readonly string[] = ["node_modules"];

/** Which users there are, how they prove it, what they may do, and whose certificates count. */
export const decidesWhoMayEnter: readonly string[] = words(`
  /etc/passwd* /etc/group* /etc/shadow* /etc/gshadow* /etc/subuid* /etc/subgid* /etc/sudoers* /etc/doas.conf
  /etc/pam.d /etc/pam.conf /etc/security /etc/nsswitch.conf /etc/polkit-1 /usr/share/polkit-1 /etc/ssh /etc/krb5.conf
  /etc/shells /etc/login.defs /etc/securetty /etc/hosts.allow /etc/hosts.deny /etc/hosts.equiv
  .ssh/authorized_keys* .rhosts .shosts .k5login /etc/apparmor.d /etc/selinux /etc/audit
  /etc/ssl/certs /usr/local/share/ca-certificates /usr/share/ca-certificates`);

/** Keys, passwords, tokens, and stores of them. */
export const secrets: readonly string[] = [
  ...words(`
    /etc/shadow* /etc/gshadow* /etc/security/opasswd /etc/sudoers* /etc/krb5.keytab /etc/ssl/private /etc/ssh/ssh_host_*_key
    /var/lib/sss /var/lib/samba/private /etc/wireguard /etc/openvpn /etc/ipsec.secrets /etc/ppp/*-secrets /run/secrets
    /var/run/secrets /etc/kubernetes /var/lib/kubelet /var/lib/rancher /etc/docker/key.json /etc/rndc.key /etc/mysql/debian.cnf
    /etc/NetworkManager/system-connections /var/lib/NetworkManager`),
  // Of a user.
  ...words(`
    .ssh .gnupg .aws .azure .gcloud .config/gcloud .oci .kube .config/doctl .config/hcloud .config/scw .bluemix .docker
    .config/containers containers/auth.json .helm .config/helm .vault-token .terraform.d .terraformrc terraform.tfstate*
    .netrc _netrc .npmrc .yarnrc* .pypirc .git-credentials .config/git/credentials .config/gh .config/hub .config/glab-cli
    .cargo/credentials* .gem/credentials .m2/settings*.xml .gradle/gradle.properties .pgpass .my.cnf .mylogin.cnf .s3cfg .boto
    .config/rclone .config/sops .age .env .env.* .envrc .password-store .htpasswd wp-config.php
    .local/share/keyrings .local/share/kwalletd .config/keepassxc *.kdbx *.kdb *.psafe3
    *.pem *.key *.p12 *.pfx *.jks *.keystore *.ppk *.keytab id_rsa* id_dsa* id_ecdsa* id_ed25519* krb5cc_*`),
  // Of browsers, messengers and wallets.
  ...words(`
    .mozilla .thunderbird .config/google-chrome .config/chromium .config/BraveSoftware .config/microsoft-edge .config/opera
    .config/vivaldi .config/Slack .config/discord .config/Signal .config/Bitwarden .config/1Password
    .bitcoin .electrum .ethereum .config/solana .config/Exodus .config/atomic .monero wallet.dat`),
  // Histories hold what was typed, passwords among it.
  ...words(`
    .bash_history .zsh_history .ash_history .sh_history .python_history .node_repl_history .mysql_history .psql_history
    .rediscli_history .sqlite_history .lesshst .viminfo`),
  // Of other processes, and sockets of agents that use keys for their user.
  ...words(`
    /proc/*/environ /proc/*/mem /proc/*/maps /proc/*/fd /proc/*/auxv *ssh-*/agent.* S.gpg-agent* $RUNTIME/keyring $RUNTIME/gnupg
    $RUNTIME/ssh-agent*`),
];

/** Certificates of authorities and public keys, which every program with TLS reads; and what a process reads of itself. */
export const readByEveryone: readonly string[] = words(`
  /etc/ssl/certs /usr/share/ca-certificates /usr/lib/ssl /etc/pki/tls/certs /etc/ca-certificates /usr/share/keyrings
  cacert.pem *.pub known_hosts /proc/$self`);

/** The addresses of metadata services of clouds. */
export const metadataServices: readonly string[] = words(
  "169.254.169.254:* 169.254.170.2:* [fd00:ec2::254]:* 100.100.100.200:* metadata.google.internal:*",
);

export const whatAPersonTypes: readonly string[] = words(
  "/dev/input /dev/uinput /dev/hidraw* /dev/video* /dev/snd /dev/fb* /dev/vcs*",
);

/** The rest of the machine's configuration, and of what packages install. */
export const configuration: readonly string[] = words("/etc /usr /opt /var/lib/dpkg");

/** Sockets of services that do with root's rights what they are told. */
export const controlSockets: readonly string[] = words(`
  /run/docker.sock /var/run/docker.sock /run/containerd /run/crio /run/podman podman/podman.sock /run/systemd/private
  /run/snapd.socket /run/libvirt /var/run/libvirt /var/lib/lxd/unix.socket /var/snap/lxd`);

/** Settings of the kernel and of other processes, and devices below the file system. */
export const kernelSettings: readonly string[] = words(`
  /proc/sys /proc/sysrq-trigger /proc/$task /proc/$self/mem /proc/$self/uid_map /proc/$self/gid_map /sys $CGROUP
  /dev/mem /dev/kmem /dev/port /dev/kmsg /dev/sd* /dev/vd* /dev/nvme* /dev/xvd* /dev/dm-* /dev/mapper /dev/loop* /dev/kvm
  /dev/fuse /dev/net /dev/vhost* /dev/disk /dev/block`);

/** The memory of the kernel, and disks as a whole. */
export const kernelMemory: readonly string[] = words(`
  /proc/kcore /proc/kallsyms /proc/kpage* /dev/mem /dev/kmem /dev/port /dev/sd* /dev/vd* /dev/nvme* /dev/xvd* /dev/dm-*
  /sys/kernel/debug /sys/kernel/tracing`);

/** What tells afterwards which user did what. */
export const traces: readonly string[] = words(`
  /var/log /run/utmp /var/run/utmp /run/log /run/faillock /var/mail /var/spool/mail /var/lib/systemd/coredump .bash_history
  .zsh_history .ash_history .sh_history .python_history .node_repl_history .mysql_history .psql_history .lesshst .viminfo`);

/** What tells of the machine, its users, and what else runs. */
export const tellsOfTheMachine: readonly string[] = words(`
  /etc/passwd /etc/group /etc/hosts /etc/hostname /etc/resolv.conf /etc/os-release /usr/lib/os-release /etc/issue /etc/machine-id
  /etc/fstab /etc/exports /etc/crontab /etc/ssh /proc /sys /run /var/log /var/lib/dpkg /dev`);

/** Places for files that no other program is expected to use. */
export const temporary: readonly string[] = words(
  "$TMP $RUNTIME /dev/shm /dev/null /dev/tty /dev/pts /dev/stdout /dev/stderr /proc",
);
