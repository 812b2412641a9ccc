/* holds NAME COUNT: opens and closes the files NAME0 NAME1 … once each, and prints a line for each open:
 *      the nanoseconds it took, and how often this thread gave up its processor meanwhile.
 * A thread that is stopped gives up its processor; a thread that waits in the kernel for a moment does not. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long given_away(void) {
  struct rusage own;
  getrusage(RUSAGE_THREAD, &own);
  return own.ru_nvcsw;
}

int main(int words, char **word) {
  static long long taken[10000];
  static long given[10000];
  int count = words == 3 ? atoi(word[2]) : 0;
  if (count < 1 || count > 10000) return 125;
  for (int file = 0; file < count; file++) {
    char name[256];
    snprintf(name, sizeof name, "%s%d", word[1], file);
    long before = given_away();
    long long start = now();
    int fd = open(name, O_RDONLY);
    taken[file] = now() - start;
    given[file] = given_away() - before;
    if (fd < 0 || close(fd) < 0) return 1;
  }
  for (int file = 0; file < count; file++) printf("%lld %ld\n", taken[file], given[file]);
  return 0;
}
