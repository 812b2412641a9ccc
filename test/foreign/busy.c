/* busy PROCESSES MICROSECONDS [count]: each process opens and closes a file without pause, with a timer whose handler lacks
 * SA_RESTART, until a file called `stop` exists. Prints how many processes met an error other than EINTR, which the timer may
 * cause. With `count`, each also prints how many signals it got and how many of them made an open fail. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long signals;
static void heard(int signal) { (void)signal, signals++; }

static int work(long microseconds, int counts) {
  struct sigaction action = {.sa_handler = heard};
  struct itimerval often = {{0, microseconds}, {0, microseconds}};
  long failures = 0, interrupted = 0;
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &often, NULL);
  for (long turn = 0; turn % 64 != 0 || access("stop", F_OK) != 0; turn++) {
    int file = open("/etc/passwd", O_RDONLY);
    if (file >= 0) close(file);
    else if (errno == EINTR) interrupted++;
    else if (failures++ == 0) fprintf(stderr, "open: %s\n", strerror(errno));
  }
  if (counts) printf("%ld signals, %ld interrupted\n", signals, interrupted);
  fflush(stdout);
  return failures > 0;
}

int main(int count, char **arguments) {
  if (count < 3) return 2;
  int processes = atoi(arguments[1]);
  for (int n = 0; n < processes; n++)
    if (fork() == 0) _exit(work(atol(arguments[2]), count > 3));
  int failed = 0, status;
  while (wait(&status) > 0) failed += status != 0;
  printf("%d processes, %d failed\n", processes, failed);
  return failed > 0;
}
