/* holds WHAT NAME COUNT: does one thing COUNT times, and prints a line for each: the nanoseconds it took, and how often this thread
 *      gave up its processor meanwhile.
 *   open       opens the files NAME0 NAME1 … once each
 *   connect    connects a new datagram socket to port NAME of the loopback interface
 *   move       renames NAME to NAME~, then back
 * A thread that is stopped gives up its processor; a thread that waits in the kernel for a moment does not. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *name;
static char numbered[256];
static struct sockaddr_in peer = {.sin_family = AF_INET};
static int fd;

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

static void name_file(int turn) { snprintf(numbered, sizeof numbered, "%s%d", name, turn); }
static int open_file(int turn) { return (fd = open(numbered, O_RDONLY)) < 0; }

static void make_socket(int turn) { fd = socket(AF_INET, SOCK_DGRAM, 0); }
static int connect_socket(int turn) { return connect(fd, (struct sockaddr *)&peer, sizeof peer) < 0; }

static void name_other(int turn) {
  snprintf(numbered, sizeof numbered, "%s~", name);
  fd = dup(0);
}
static int move_file(int turn) { return turn % 2 == 0 ? rename(name, numbered) < 0 : rename(numbered, name) < 0; }

int main(int words, char **word) {
  static long long taken[10000];
  static long given[10000];
  int count = words == 4 ? atoi(word[3]) : 0;
  if (count < 1 || count > 10000) return 125;
  name = word[2];
  peer.sin_port = htons(atoi(name));
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int is_connect = !strcmp(word[1], "connect"), is_move = !strcmp(word[1], "move");
  void (*prepare)(int) = is_connect ? make_socket : is_move ? name_other : name_file;
  int (*once)(int) = is_connect ? connect_socket : is_move ? move_file : open_file;
  for (int turn = 0; turn < count; turn++) {
    prepare(turn);
    long before = given_away();
    long long start = now();
    int failed = once(turn);
    taken[turn] = now() - start;
    given[turn] = given_away() - before;
    if (failed || close(fd) < 0) return 1;
  }
  for (int turn = 0; turn < count; turn++) printf("%lld %ld\n", taken[turn], given[turn]);
  return 0;
}
