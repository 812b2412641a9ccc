/* Connects to an address that does not answer: the program's own listener, whose backlog is full. Meanwhile another thread of the program
 * brings about what could make a connect of the supervisor wait there, and the program opens files, which are answered by the same
 * supervisor.
 * 
 *   silent family    another connect of the same socket, to an address of another family
 *   silent zero      the socket is made to wait all the time (FIONBIO)
 *   silent both      the same, in turns with its opposite
 * 
 * Writes how many files were opened at once. What waits is given up long after. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 300, LONG = 20, AT_ONCE = 5 };
static struct sockaddr_in silent = {.sin_family = AF_INET};
static _Atomic int current = -1, over, late;
static int turns;

static void *connects(void *spare) {
  connect(current, (void *)&silent, sizeof silent);
  return spare;
}

static void *connects_elsewhere(void *spare) {
  connect(current, (void *)&(struct sockaddr){AF_UNIX}, sizeof(struct sockaddr));
  return spare;
}

static void *flips(void *spare) {
  for (int turn = 0; !over; turn = turns && !turn) ioctl(current, FIONBIO, &turn);
  return spare;
}

/* Whatever waits for the connection ends here. */
static void *gives_up(void *spare) {
  sleep(LONG);
  late = 1;
  for (;; usleep(10000)) shutdown(current, SHUT_RDWR);
  return spare;
}

static void begin(void *(*run)(void *)) {
  pthread_t thread;
  pthread_create(&thread, 0, run, 0);
  pthread_detach(thread);
}

static void fill(void) {
  socklen_t size = sizeof silent;
  silent.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, (void *)&silent, size);
  listen(listener, 0);
  getsockname(listener, (void *)&silent, &size);
  for (int i = 0; i < 3; i++) connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), (void *)&silent, size);
}

static int opens(void) {
  time_t begun = time(0);
  int fd = open("/dev/null", O_RDONLY);
  close(fd);
  return fd >= 0 && time(0) - begun <= AT_ONCE;
}

int main(int count, char **word) {
  if (count != 2) return 2;
  int is_family = !strcmp(word[1], "family"), made = 0;
  turns = !strcmp(word[1], "both");
  fill();
  current = socket(AF_INET, SOCK_STREAM, 0);
  begin(gives_up);
  if (!is_family) begin(flips);
  int rounds = is_family ? 20 : ROUNDS;
  for (int round = 0; round < rounds && !late; round++) {
    if (!is_family) current = socket(AF_INET, SOCK_STREAM, 0);
    if (!is_family || round == 0) begin(connects);
    if (is_family) usleep(50000);
    if (is_family && round < 3) begin(connects_elsewhere);
    usleep(1000);
    made += opens();
  }
  over = 1;
  printf("opened at once: %d of %d\n", made, rounds);
  fflush(stdout);
  _exit(0);
}
