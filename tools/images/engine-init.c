/*
 * The first process of a machine that hosts engines: it mounts, closes what the kernel leaves open, and starts the one program of this
 * machine. If that ends, the machine ends: an engine that is started anew would have forgotten which processes it distrusts.
 */
#define MACHINE "engine host"
#include "first-process.h"

static char *const environment[] = { "PATH=/usr/bin", "HOME=/run", "LC_ALL=C", NULL };
static char *const serve[] = {
  "/usr/bin/node", "--disable-warning=ExperimentalWarning", "/usr/lib/isoline/node_modules/isoline/dist/bundle/engine-machine.js", NULL,
};

static void mount_rest(void)
{
  static const struct place places[] = {
    { "proc", "/proc", FACTS, NULL },
    { "sysfs", "/sys", FACTS | MS_RDONLY, NULL },
    { "devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, NULL },
    { "tmpfs", "/run", FACTS, "mode=755,size=16m" },
    { "tmpfs", "/tmp", FACTS, "mode=1777,size=16m" },
  };
  mount_places(places, COUNT(places));
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
  pid_t engine = fork();
  must(engine, "fork");
  if (engine == 0) {
    setsid();
    if (dup2(nothing, 0) < 0 || dup2(STDERR_FILENO, 1) < 0)
      _exit(126);
    close_range(3, ~0U, 0);
    struct rlimit no_core = { 0, 0 };
    setrlimit(RLIMIT_CORE, &no_core);
    execve(serve[0], serve, environment);
    _exit(127);
  }
  /* Orphans are collected as well. */
  while (wait(NULL) != engine)
    ;
  end("the engine has ended");
}
