/* novel lay COUNT: makes COUNT names of one empty file below the working directory.
 * novel open COUNT PER_SECOND: opens and closes each of them once, at an even pace, so that each is an event that was never seen
 *   before. Prints the nanoseconds that it took, and the microseconds of processor time. When it falls behind it catches up as
 *   fast as it can.
 * novel connect COUNT PER_SECOND: connects a datagram socket to as many addresses of the loopback interface; nothing is sent. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define IN_A_FOLDER 1000
#define BATCHES_PER_SECOND 1000
#define FIRST_ADDRESS 0x7f010001

static int datagrams;

static const char *name(int file) {
  static char path[32];
  snprintf(path, sizeof path, "%d/%d", file / IN_A_FOLDER, file % IN_A_FOLDER);
  return path;
}

static int lay(int count) {
  int fd = open("file", O_CREAT | O_RDWR, 0644);
  if (fd < 0 || close(fd) < 0) return 1;
  for (int file = 0; file < count; file++) {
    char folder[16];
    snprintf(folder, sizeof folder, "%d", file / IN_A_FOLDER);
    if (file % IN_A_FOLDER == 0 && mkdir(folder, 0755) < 0) return 1;
    if (link("file", name(file)) < 0) return 1;
  }
  return 0;
}

static int open_close(int file) {
  int fd = open(name(file), O_RDONLY);
  return fd < 0 || close(fd) < 0;
}

static int connect_datagrams(int number) {
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(9)};
  peer.sin_addr.s_addr = htonl(FIRST_ADDRESS + number);
  return connect(datagrams, (struct sockaddr *)&peer, sizeof peer) < 0;
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void sleep_until(long long moment) {
  struct timespec time = {moment / 1000000000LL, moment % 1000000000LL};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) continue;
}

int main(int words, char **word) {
  if (words == 3 && !strcmp(word[1], "lay")) return lay(atoi(word[2]));
  if (words != 4) return 125;
  int count = atoi(word[2]), batch = atoi(word[3]) / BATCHES_PER_SECOND;
  int (*once)(int) = !strcmp(word[1], "open") ? open_close : connect_datagrams;
  if (once == connect_datagrams) datagrams = socket(AF_INET, SOCK_DGRAM, 0);
  long long start = now(), due = start;
  for (int done = 0; done < count;) {
    for (int end = done + batch; done < end && done < count; done++)
      if (once(done)) return 1;
    due += 1000000000LL / BATCHES_PER_SECOND;
    if (now() < due) sleep_until(due);
  }
  struct rusage own;
  getrusage(RUSAGE_SELF, &own);
  long long spent = (own.ru_utime.tv_sec + own.ru_stime.tv_sec) * 1000000LL + own.ru_utime.tv_usec + own.ru_stime.tv_usec;
  printf("%lld %lld\n", now() - start, spent);
  return 0;
}
