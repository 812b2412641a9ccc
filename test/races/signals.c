/* A raced pidfd: one thread stops a process through a descriptor again and again, while another puts in its place the directory of
 * another process in /proc, which stands for that process as well.
 *
 *   signals TRIES OUTSIDER
 *
 * The process of the descriptor is a child. Writes how often a stop was sent and how often refused: `SENT REFUSED`. Nothing is put in
 * its place if OUTSIDER is 0. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NUMBER = 77 };
static _Atomic int over;
static int child, directory;

static void *flip(void *none) {
  for (unsigned turn = 0; !over; turn++) {
    dup2(turn % 2 ? directory : child, NUMBER);
    for (volatile unsigned i = 0; i < 50 + (turn * 37) % 900; i++) {}
  }
  return none;
}

int main(int count, char **words) {
  int tries = atoi(words[1]), outsider = atoi(words[2]), sent = 0, refused = 0;
  char path[64];
  pid_t stopped = fork();
  if (stopped == 0)
    for (;;) pause();
  child = syscall(SYS_pidfd_open, stopped, 0);
  snprintf(path, sizeof path, "/proc/%d", outsider ? outsider : getpid());
  directory = outsider ? open(path, O_RDONLY | O_DIRECTORY) : child;
  dup2(child, NUMBER);
  pthread_t flipper;
  pthread_create(&flipper, 0, flip, 0);
  for (int i = 0; i < tries; i++) {
    if (syscall(SYS_pidfd_send_signal, NUMBER, SIGSTOP, 0, 0) == 0) sent++;
    else refused++;
  }
  over = 1;
  pthread_join(flipper, 0);
  printf("%d %d\n", sent, refused);
  kill(stopped, SIGKILL);
  return 0;
}
