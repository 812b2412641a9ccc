/* What a task might have the supervisor do wrong: `full` makes files while another thread fills its table, `group` signals its group. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int over;

static void *fill(void *unused) {
  while (!over) {
    int fd = dup(1);
    if (fd >= 0) close(fd);
  }
  return unused;
}

/* Makes file after file until one was made although the call failed. */
static int full(void) {
  struct rlimit limit = {32, 32};
  close_range(3, ~0U, 0);
  setrlimit(RLIMIT_NOFILE, &limit);
  int last = -1, next;
  while ((next = dup(1)) >= 0) last = next;
  close(last);
  pthread_t thread;
  pthread_create(&thread, NULL, fill, NULL);
  int is_made = 0;
  for (int tries = 0; tries < 5000 && !is_made; tries++) {
    char name[32];
    snprintf(name, sizeof name, "made-%d", tries);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd >= 0) close(fd);
    else is_made = errno == EMFILE && !access(name, F_OK);
  }
  over = 1;
  pthread_join(thread, NULL);
  printf("made and refused: %d\n", is_made);
  return 0;
}

/* A child that may signal only its own kind (LANDLOCK_SCOPE_SIGNAL) signals the group that its parent is in. */
static int group(void) {
  pid_t leader = fork();
  if (leader == 0) {
    setpgid(0, 0);
    pid_t scoped = fork();
    if (scoped == 0) {
      unsigned long attributes[3] = {0, 0, 2};
      int rules = syscall(444, attributes, sizeof attributes, 0);
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      if (rules < 0 || syscall(446, rules, 0) < 0) _exit(77);
      kill(0, SIGKILL);
      _exit(0);
    }
    int status;
    waitpid(scoped, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 0);
  }
  int status;
  waitpid(leader, &status, 0);
  printf("the parent %s\n", WIFSIGNALED(status) ? "was killed" : WEXITSTATUS(status) == 77 ? "had no Landlock" : "lives");
  return 0;
}

int main(int argc, char **argv) { return strcmp(argv[1], "full") == 0 ? full() : group(); }
