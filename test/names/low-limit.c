/* Sends to a name server on a socket whose number is above the limit for descriptors, which the program has lowered since: no other socket
 * can be put under that number.
 *
 * Writes how many messages failed for that, between two lines at which the supervisor's descriptors can be counted. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NUMBER = 200, LIMIT = 100, TIMES = 1000 };

static void say(const char *text) {
  puts(text);
  fflush(stdout);
  sleep(1);
}

int main(void) {
  struct sockaddr_in server = {AF_INET, htons(53), {htonl(INADDR_LOOPBACK)}};
  struct rlimit limit;
  int fd = socket(AF_INET, SOCK_DGRAM, 0), failed = 0;
  /* So that the supervisor has all that it needs to answer. */
  connect(fd, (void *)&server, sizeof server);
  int high = dup2(socket(AF_INET, SOCK_DGRAM, 0), NUMBER);
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = LIMIT;
  setrlimit(RLIMIT_NOFILE, &limit);
  say("before");
  for (int i = 0; i < TIMES; i++)
    failed += sendto(high, "", 1, 0, (void *)&server, sizeof server) < 0 && errno == EBADF;
  say("after");
  printf("%d of %d\n", failed, TIMES);
}
