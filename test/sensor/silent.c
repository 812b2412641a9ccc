/* Connects to an address that does not answer: the program's own listener, whose backlog is full. Meanwhile another thread of the program
 * brings about what could make a connect of the supervisor wait there, and the program opens files, which are answered by the same
 * supervisor.
 * 
 *   silent family    another connect of the same socket, to an address of another family
 *   silent zero      the socket is made to wait all the time (FIONBIO)
 *   silent both      the same, in turns with its opposite
 *   silent threads   many threads connect the same socket, which is made to wait all the time; then it is shut down under them
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

enum { ROUNDS = 300, LONG = 20, AT_ONCE = 5, THREADS = 1000, STACK = 65536 };
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
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, STACK);
  pthread_create(&thread, &small, run, 0);
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

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

/* For as long as the supervisor would take for all of the threads, one after the other. */
static int threads(void) {
  double longest = 0, end;
  current = socket(AF_INET, SOCK_STREAM, 0);
  for (int i = 0; i < THREADS; i++) begin(connects);
  sleep(2);
  for (int i = 0; i < 2; i++) begin(flips);
  usleep(100000);
  shutdown(current, SHUT_RDWR);
  for (end = now() + AT_ONCE; now() < end;) {
    double before = now();
    close(open("/dev/null", O_RDONLY));
    if (now() - before > longest) longest = now() - before;
  }
  fprintf(stderr, "the longest open: %.3f s\n", longest);
  printf("all were opened at once: %s\n", longest < 1 ? "yes" : "no");
  fflush(stdout);
  _exit(0);
}

int main(int count, char **word) {
  if (count != 2) return 2;
  int is_family = !strcmp(word[1], "family"), made = 0;
  turns = !strcmp(word[1], "both");
  fill();
  if (!strcmp(word[1], "threads")) return threads();
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
