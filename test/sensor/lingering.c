/* Closes sockets whose close waits for a peer that does not read (SO_LINGER), while another thread makes calls on them: where the
 * supervisor holds a duplicate at that moment, its close is the last one. Meanwhile the program makes other calls.
 * 
 * Writes how many rounds of them were answered at once. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 100, LONG = 20, AT_ONCE = 5 };
static _Atomic int current = -1, over;

static void *calls(void *spare) {
  while (!over) fcntl(current, F_SETFL, O_NONBLOCK);
  return spare;
}

/* By its own copy of the number: it may begin when the next socket is in use, whose sender would linger then. */
static void *closes(void *number) {
  close((int)(long)number);
  return number;
}

static void begin(void *(*run)(void *), long number) {
  pthread_t thread;
  pthread_create(&thread, 0, run, (void *)number);
  pthread_detach(thread);
}

/* A connection with more on its way than the peer takes. */
static int full(const struct sockaddr_in *address) {
  static char text[65536];
  struct linger lingers = {1, LONG};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  connect(fd, (void *)address, sizeof *address);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &lingers, sizeof lingers);
  while (send(fd, text, sizeof text, MSG_DONTWAIT) > 0) {}
  return fd;
}

int main(void) {
  struct sockaddr_in address = {AF_INET, 0, {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), made = 0, round = 0;
  setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int));
  bind(listener, (void *)&address, size);
  listen(listener, 2 * ROUNDS);
  getsockname(listener, (void *)&address, &size);
  begin(calls, 0);
  for (time_t begun = time(0); round < ROUNDS && time(0) - begun < 3 * LONG; round++) {
    time_t before = time(0);
    current = full(&address);
    usleep(500 + 37 * round);
    begin(closes, current);
    close(open("/dev/null", O_RDONLY));
    made += time(0) - before <= AT_ONCE;
    usleep(1000);
  }
  over = 1;
  printf("answered at once: %d of %d\n", made, round);
  fflush(stdout);
  _exit(0);
}
