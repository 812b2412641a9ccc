/* Connects to an address that does not answer, the own listener with a full backlog, on a socket that shows an error all the time: in its
 * error queue lies the time at which an earlier byte was sent, and the program never reads it. To dissolve the connection leaves it there.
 *
 * Writes whether it shows one, and is over as soon as there is a file `stop`. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LONG = 120, A_SECOND = 20 };
static int fd;

static int listens(struct sockaddr_in *address) {
  socklen_t size = sizeof *address;
  *address = (struct sockaddr_in){AF_INET, 0, {htonl(INADDR_LOOPBACK)}};
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, (void *)address, size);
  listen(listener, 0);
  return getsockname(listener, (void *)address, &size);
}

static int shows_error(void) {
  struct pollfd entry = {fd, 0};
  return poll(&entry, 1, 0) == 1 && (entry.revents & POLLERR);
}

static void *stops(void *spare) {
  for (int i = 0; i < LONG * A_SECOND && access("stop", F_OK) != 0; i++) usleep(1000000 / A_SECOND);
  _exit(0);
}

int main(void) {
  struct sockaddr_in open, silent, none = {AF_UNSPEC};
  int times = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;
  pthread_t thread;
  listens(&open);
  listens(&silent);
  for (int i = 0; i < 3; i++) connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), (void *)&silent, sizeof silent);
  fd = socket(AF_INET, SOCK_STREAM, 0);
  connect(fd, (void *)&open, sizeof open);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &times, sizeof times);
  send(fd, "", 1, 0);
  for (int i = 0; i < A_SECOND && !shows_error(); i++) usleep(1000000 / A_SECOND);
  connect(fd, (void *)&none, sizeof none);
  pthread_create(&thread, 0, stops, 0);
  printf("an error is shown: %d\n", shows_error());
  fflush(stdout);
  connect(fd, (void *)&silent, sizeof silent);
  pause();
}
