/* Tasks that try to pass for another program. Each case opens "secret" in a process of ./agent that has executed nothing else, while
 * other tasks try to make it look as if it ran ./job, a script whose interpreter is ./agent. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile int asked;
static char *words;

static void nap(int ms) { usleep((useconds_t)ms * 1000); }
static void look(const char *path) { close(open(path, O_RDONLY)); }

/* An exec that the kernel refuses after the sensor has seen it. */
static void ask(void) {
  syscall(SYS_execve, "./job", (void *)1, environ);
  asked = 1;
}

static int sharer(int (*run)(void *), int flags) {
  char *stack = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return clone(run, stack + 65536, CLONE_VM | SIGCHLD | flags, 0);
}

static int asks(void *unused) {
  ask();
  nap(200);
  look("secret");
  _exit(0);
}

static int waits(void *unused) {
  nap(600);
  _exit(0);
}

static int rewrites(void *unused) {
  while (!asked) nap(1);
  prctl(PR_SET_MM, PR_SET_MM_ARG_START, words + 1, 0, 0);
  nap(600);
  _exit(0);
}

static void *forks(void *unused) {
  if (fork() == 0) {
    nap(400);
    look("secret");
    _exit(0);
  }
  for (;;) nap(1000);
}

/* The process that shared the memory leaves it. */
static void leaves(int by_exec) {
  if (fork() == 0) {
    sharer(asks, 0);
    while (!asked) nap(1);
    if (by_exec) execl("./agent", "./agent", "idle", (char *)0);
    _exit(0);
  }
  nap(500);
}

/* A sibling takes the place of a child that has made no call yet; then its creator becomes ./job. */
static void sibling(void) {
  if (fork() == 0) {
    nap(100);
    if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) == 0) {
      look("other");
      _exit(0);
    }
    nap(100);
    execl("./job", "./job", (char *)0);
  }
  if (fork() == 0) {
    nap(400);
    look("secret");
    _exit(0);
  }
  nap(700);
}

int main(int count, char **word) {
  const char *act = count > 1 ? word[1] : "";
  words = word[0];
  if (strstr(act, "job")) look("file"), nap(500), look("file");
  else if (!strcmp(act, "exit")) leaves(0);
  else if (!strcmp(act, "exec")) leaves(1);
  else if (!strcmp(act, "idle")) nap(500);
  else if (!strcmp(act, "sibling")) sibling();
  else if (!strcmp(act, "thread")) {
    pthread_t thread;
    pthread_create(&thread, 0, forks, 0);
    nap(100);
    execl("./job", "./job", (char *)0);
  } else if (!strcmp(act, "marks")) {
    sharer(rewrites, 0);
    ask();
    nap(300);
    look("secret");
  } else if (!strcmp(act, "fixed")) {
    personality(ADDR_NO_RANDOMIZE);
    execl("./agent", "./agent", "shared", (char *)0);
  } else if (!strcmp(act, "shared")) {
    sharer(waits, 0);
    ask();
    look("secret");
  }
  return 0;
}
