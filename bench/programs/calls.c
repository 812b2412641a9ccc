/* calls WHAT TIMES ROUNDS [PATH|PORT]: repeats one call; each round prints the nanoseconds of one.
 *   open       open and close PATH                 missing    open a PATH that is not there
 *   connect    connect a datagram socket to PORT   stat       stat PATH (a call that is not mediated)
 *   run        start PATH and wait for it */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *path;
static struct sockaddr_in peer;
static int datagrams;
extern char **environ;

static int open_close(void) {
  int fd = open(path, O_RDONLY);
  return fd < 0 || close(fd) < 0;
}

static int open_missing(void) { return open(path, O_RDONLY) >= 0; }

static int connect_datagrams(void) { return connect(datagrams, (struct sockaddr *)&peer, sizeof peer) < 0; }

static int stat_path(void) {
  struct stat status;
  return stat(path, &status) < 0;
}

static int run_path(void) {
  pid_t child;
  int status;
  char *words[] = {(char *)path, NULL};
  if (posix_spawn(&child, path, NULL, NULL, words, environ) != 0) return 1;
  return waitpid(child, &status, 0) < 0 || status != 0;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int count, char **words) {
  if (count < 5) return 125;
  int times = atoi(words[2]), rounds = atoi(words[3]);
  int (*once)(void) = !strcmp(words[1], "open")      ? open_close
                      : !strcmp(words[1], "missing") ? open_missing
                      : !strcmp(words[1], "connect") ? connect_datagrams
                      : !strcmp(words[1], "stat")    ? stat_path
                                                     : run_path;
  path = words[4];
  peer.sin_family = AF_INET;
  peer.sin_port = htons(atoi(words[4]));
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (once == connect_datagrams) datagrams = socket(AF_INET, SOCK_DGRAM, 0);
  for (int round = 0; round < rounds; round++) {
    double start = now();
    for (int done = 0; done < times; done++)
      if (once()) return 1;
    printf("%.0f\n", (now() - start) / times);
  }
  return 0;
}
