/*
 * A thread whose table of descriptors is its own: under number 50 it has a UDP socket, and the first thread a netlink socket. Number 51
 * is a file that each of them has opened for itself.
 *
 *   own-tables send N    N threads more make a call and stay; then the thread sends to 127.0.0.1:9, and cuts its file by number 51
 *   own-tables wait      names the thread that has its own table and one that has not, and waits for the end of its input
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static sem_t apart, laid, called, ended;
static int tids[2];
static int sends;

static void *beside(void *unused) {
  close(socket(AF_UNIX, SOCK_STREAM, 0));
  sem_post(&called);
  sem_wait(&ended);
  return unused;
}

static void *apart_from_first(void *unused) {
  tids[0] = syscall(SYS_gettid);
  if (unshare(CLONE_FILES) != 0) perror("unshare");
  dup2(socket(AF_INET, SOCK_DGRAM, 0), 50);
  dup2(open("theirs", O_RDWR | O_CREAT | O_APPEND, 0644), 51);
  sem_post(&apart);
  sem_wait(&laid);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (sends) {
    printf("send %zd\n", sendto(50, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
    printf("flags %d\n", fcntl(51, F_SETFL, 0));
    printf("appends %d\n", (fcntl(51, F_GETFL) & O_APPEND) != 0);
  }
  sem_post(&called);
  sem_wait(&ended);
  return unused;
}

static void *sharing(void *unused) {
  tids[1] = syscall(SYS_gettid);
  sem_post(&called);
  sem_wait(&ended);
  return unused;
}

static void start(void *(*run)(void *), sem_t *until) {
  pthread_t thread;
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 65536);
  if (pthread_create(&thread, &small, run, NULL) != 0) perror("pthread_create"), _exit(3);
  sem_wait(until);
}

int main(int count, char **words) {
  umask(022);
  sem_init(&apart, 0, 0), sem_init(&laid, 0, 0), sem_init(&called, 0, 0), sem_init(&ended, 0, 0);
  sends = strcmp(words[1], "send") == 0;
  for (int left = sends ? atoi(words[2]) : 0; left > 0; left--) start(beside, &called);
  start(apart_from_first, &apart);
  dup2(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), 50);
  dup2(open("firsts", O_RDWR | O_CREAT | O_APPEND, 0644), 51);
  sem_post(&laid);
  sem_wait(&called);
  if (sends) printf("first appends %d\n", (fcntl(51, F_GETFL) & O_APPEND) != 0);
  if (!sends) start(sharing, &called);
  if (!sends) printf("%d %d\n", tids[0], tids[1]), fflush(stdout), getchar();
  fflush(stdout);
  _exit(0);
}
