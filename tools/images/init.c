/*
 * The first process of a launch host. It mounts, closes what the kernel leaves open, starts the supervisor of the host's own
 * namespace with the agent in it, and then does for the agent what the agent may not do itself: start and end canisters, and
 * collect evidence. All that runs outside of the host's namespace, because the sensor takes no supervisor inside.
 *
 * The agent asks on its standard output, in lines, and hears on its standard input:
 *
 *   run NAME          starts the bundle in /run/canisters/NAME; later "ended run NAME STATUS"
 *   stop NAME         ends it at once; later "ended stop NAME STATUS"
 *   evidence HEX      writes /run/evidence/HEX; later "ended evidence HEX STATUS"
 *   enrol WORD        writes the request to be enrolled to /run/evidence/WORD; later "ended enrol WORD STATUS"
 *   answer HEX        answers the verifier's document in /run/evidence/HEX-asked in /run/evidence/HEX; later "ended answer HEX STATUS"
 *
 * The agent removes what is in /run/evidence once it has read it, which is after the line that says that its writer has ended.
 *
 * The agent is the part that reads what strangers send. So a line is a command of this table with one word of [0-9a-z-], or the
 * machine ends. There is no shell, no heap, and no other input.
 */
#define MACHINE "launch host"
#include "first-process.h"
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#define ISOLINE "/usr/lib/isoline/node_modules/isoline/dist/bundle/"
#define NODE "/usr/bin/node", "--disable-warning=ExperimentalWarning"
#define LEARNS "/etc/isoline/learn"

/* The ledger of this boot, in memory: what it vouches for belongs to this boot alone. */
#define LEDGER "--tpm-ledger", "/run/ledger"

enum { MOST_CHILDREN = 64, MOST_WORD = 128, MOST_SAID = 16 << 20 };

struct child {
  pid_t pid;
  const char *command;
  char word[MOST_WORD + 1];
};

static struct child children[MOST_CHILDREN];

/* The environment of every process. `environ=-` has isoline read /proc/self/environ (packages/isoline/src/namespace/entry.ts). */
static char *const environment[] = {
  "PATH=/usr/bin:/usr/sbin",
  "HOME=/run/home",
  "LC_ALL=C",
  "ISOLINE_RUNC=/usr/sbin/runc",
  "ISOLINE_CANISTERS=/etc/isoline/canisters.json",
  "ISOLINE_ENTRY=1;blocked=0;ignored=0;files=1024;environ=-;open=0 1 2",
  NULL,
};

static char *const supervise[] = {
  NODE, ISOLINE "main.js", "run", "/etc/isoline/host.contour", "--enforce", "--sensor", "bpf", "--name", "host",
  "--tpm", "/dev/tpmrm0", LEDGER, "--", "/usr/bin/node", "--jitless", ISOLINE "launch-host.js", NULL,
};
static char *const supervise_learning[] = {
  NODE, ISOLINE "main.js", "learn", "-o", "/run/learnt/host.contour", "--lens", "/etc/isoline/host.policy.json",
  "--sensor", "bpf", "--name", "host", "--", "/usr/bin/node", "--jitless", ISOLINE "launch-host.js", NULL,
};
static char *const hand_over[] = { NODE, ISOLINE "launch-host.js", "hand-over", NULL };

static void mount_rest(void)
{
  static const struct place kernel[] = {
    { "proc", "/proc", FACTS, NULL },
    { "sysfs", "/sys", FACTS | MS_RDONLY, NULL },
    { "securityfs", "/sys/kernel/security", FACTS | MS_RDONLY, NULL },
    { "tracefs", "/sys/kernel/tracing", FACTS | MS_RDONLY, NULL },
    { "bpf", "/sys/fs/bpf", FACTS, "mode=700" },
    { "cgroup2", "/sys/fs/cgroup", FACTS, NULL },
    { "devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, NULL },
    { "tmpfs", "/run", FACTS, "mode=755,size=64m" },
    { "tmpfs", "/tmp", FACTS, "mode=1777,size=16m" },
  };
  /* Programs of canisters are here, and device nodes are not. */
  static const struct place canisters[] = { { "tmpfs", "/run/canisters", MS_NOSUID | MS_NODEV, "mode=700,size=50%" } };
  static const char *const made[] = { "/run/canisters", "/run/evidence", "/run/said", "/run/learnt", "/run/contours",
                                      "/run/reports", "/run/ledger", "/run/home" };
  mount_places(kernel, COUNT(kernel));
  for (size_t i = 0; i < COUNT(made); i++)
    must(mkdir(made[i], 0700), made[i]);
  mount_places(canisters, COUNT(canisters));
}

/* Its standard streams are these descriptors, and it has no others. */
static pid_t start(char *const command[], int in, int out, int errors, rlim_t most_written)
{
  pid_t pid = fork();
  must(pid, "fork");
  if (pid != 0)
    return pid;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setsid();
  int given[] = { in, out, errors };
  for (int i = 0; i < 3; i++)
    if ((given[i] = fcntl(given[i], F_DUPFD_CLOEXEC, 10)) < 0)
      _exit(126);
  for (int i = 0; i < 3; i++)
    if (dup2(given[i], i) < 0)
      _exit(126);
  close_range(3, ~0U, 0);
  struct rlimit written = { most_written, most_written }, no_core = { 0, 0 };
  setrlimit(RLIMIT_FSIZE, &written);
  setrlimit(RLIMIT_CORE, &no_core);
  execve(command[0], command, environment);
  _exit(127);
}

static struct child *free_child(void)
{
  for (int i = 0; i < MOST_CHILDREN; i++)
    if (children[i].pid == 0)
      return &children[i];
  return NULL;
}

/* What a canister says goes into a file that is made for it: a name is used once a boot. */
static void run_canister(struct child *child, int nothing)
{
  char bundle[MOST_WORD + 32], said[MOST_WORD + 32];
  snprintf(bundle, sizeof bundle, "/run/canisters/%s", child->word);
  snprintf(said, sizeof said, "/run/said/%s", child->word);
  int out = open(said, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (out < 0)
    return;
  char *const command[] = { NODE, ISOLINE "canister.js", "--root", "/run/runc", "run", "--bundle", bundle, child->word, NULL };
  child->pid = start(command, nothing, out, out, MOST_SAID);
  close(out);
}

#define ATTEST NODE, ISOLINE "main.js", "attest"
#define TPM "--tpm", "/dev/tpmrm0"

static void collect_evidence(struct child *child, int nothing)
{
  char file[MOST_WORD + 32];
  snprintf(file, sizeof file, "/run/evidence/%s", child->word);
  char *const command[] = { ATTEST, "evidence", "--challenge", child->word, TPM, LEDGER, "-o", file, NULL };
  child->pid = start(command, nothing, STDERR_FILENO, STDERR_FILENO, MOST_SAID);
}

static void request_enrolment(struct child *child, int nothing)
{
  char file[MOST_WORD + 32];
  snprintf(file, sizeof file, "/run/evidence/%s", child->word);
  char *const command[] = { ATTEST, "enrol", TPM, "-o", file, NULL };
  child->pid = start(command, nothing, STDERR_FILENO, STDERR_FILENO, MOST_SAID);
}

static void answer_verifier(struct child *child, int nothing)
{
  char asked[MOST_WORD + 32], file[MOST_WORD + 32];
  snprintf(asked, sizeof asked, "/run/evidence/%s-asked", child->word);
  snprintf(file, sizeof file, "/run/evidence/%s", child->word);
  char *const command[] = { ATTEST, "enrol", "--answer", asked, TPM, "-o", file, NULL };
  child->pid = start(command, nothing, STDERR_FILENO, STDERR_FILENO, MOST_SAID);
}

static void stop_canister(struct child *child, int nothing)
{
  char *const command[] = { "/usr/sbin/runc", "--root", "/run/runc", "kill", child->word, "KILL", NULL };
  child->pid = start(command, nothing, STDERR_FILENO, STDERR_FILENO, MOST_SAID);
}

static void answer(int agent, const char *command, const char *word, int status)
{
  char line[MOST_WORD + 64];
  int length = snprintf(line, sizeof line, "ended %s %s %d\n", command, word, status);
  if (send(agent, line, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) != length)
    end("the agent does not read its answers");
}

/* All that the agent may ask for. */
static const struct {
  const char *name;
  void (*begin)(struct child *child, int nothing);
} commands[] = {
  { "run", run_canister },          { "stop", stop_canister },     { "evidence", collect_evidence },
  { "enrol", request_enrolment },   { "answer", answer_verifier },
};

static void carry_out(size_t command, const char *word, int agent, int nothing)
{
  struct child *child = free_child();
  if (child != NULL) {
    strcpy(child->word, word);
    child->command = commands[command].name;
    commands[command].begin(child, nothing);
  }
  if (child == NULL || child->pid == 0)
    answer(agent, commands[command].name, word, 125);
}

static void obey(char *line, int agent, int nothing)
{
  for (size_t i = 0; i < COUNT(commands); i++) {
    size_t length = strlen(commands[i].name);
    const char *word = line + length + 1;
    if (strncmp(line, commands[i].name, length) != 0 || line[length] != ' ')
      continue;
    size_t size = strlen(word);
    if (size == 0 || size > MOST_WORD || word[0] == '-' || strspn(word, "0123456789abcdefghijklmnopqrstuvwxyz-") != size)
      break;
    carry_out(i, word, agent, nothing);
    return;
  }
  end("the agent asked for what it may not ask for");
}

/* Reads what is there; a line may come in parts. False at the end of the stream, which the supervisor's end follows. */
static int listen_to(int agent, int nothing)
{
  static char line[MOST_WORD + 32];
  static size_t filled;
  char bytes[512];
  ssize_t got = recv(agent, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got <= 0)
    return got < 0 && (errno == EAGAIN || errno == EINTR);
  for (ssize_t i = 0; i < got; i++) {
    if (filled == sizeof line || bytes[i] == '\0')
      end("the agent asked for what it may not ask for");
    line[filled++] = bytes[i];
    if (bytes[i] != '\n')
      continue;
    line[filled - 1] = '\0';
    filled = 0;
    obey(line, agent, nothing);
  }
  return 1;
}

static int status_of(int status)
{
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Orphans are collected as well. */
static void collect(pid_t supervisor, int agent, int learns, int nothing)
{
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == supervisor) {
      if (learns)
        waitpid(start(hand_over, nothing, STDERR_FILENO, STDERR_FILENO, RLIM_INFINITY), NULL, 0);
      end(learns ? "all is learnt" : "the agent or its supervisor has ended");
    }
    for (int i = 0; i < MOST_CHILDREN; i++)
      if (children[i].pid == pid) {
        children[i].pid = 0;
        answer(agent, children[i].command, children[i].word, status_of(status));
      }
  }
}

int main(void)
{
  if (getpid() != 1)
    return 1;
  umask(077);
  mount_root();
  mount_rest();
  close_kernel();
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  must(nothing, "/dev/null");
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  must(sigprocmask(SIG_BLOCK, &ended, NULL), "signals");
  int ends = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
  must(ends, "signals");
  int pair[2];
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "the agent's streams");
  int learns = access(LEARNS, F_OK) == 0;
  pid_t supervisor = start(learns ? supervise_learning : supervise, pair[1], pair[1], STDERR_FILENO, RLIM_INFINITY);
  close(pair[1]);
  struct pollfd watched[] = { { .fd = pair[0], .events = POLLIN }, { .fd = ends, .events = POLLIN } };
  for (;;) {
    if (poll(watched, 2, -1) < 0 && errno != EINTR)
      end("poll");
    if (watched[0].revents != 0 && !listen_to(pair[0], nothing))
      watched[0].fd = -1;
    if (watched[1].revents & POLLIN) {
      struct signalfd_siginfo information;
      while (read(ends, &information, sizeof information) > 0)
        ;
      collect(supervisor, pair[0], learns, nothing);
    }
  }
}
