/* Repeats a call that the supervisor does not make in place of the task, while its argument changes, and counts what it did.
 * 
 *   theirs ACT TRIES GOOD OTHER     in a directory with `good` and `evil`, as the test lays them for each act
 * 
 * Another thread changes the argument between GOOD and OTHER; not in three tries or fewer, from which a contour is learnt.
 * The contour allows the program to open and to remove the other object, and only the act on it is off contour. Unmediated calls
 * read what was done.
 * Writes `GOOD OTHER NONE`: OTHER is how often the race was won. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A path of seven bytes at most, the start of a Unix address with a path of five, two group ids, or the address that a message has or
 * has not: one store changes each.
 * Children share it, so that theirs changes as well. */
static union {
  _Atomic unsigned long word;
  char text[8];
  unsigned groups[2];
  struct sockaddr_un address;
  struct msghdr message;
} *argument;
static unsigned long words[2];
static int files[2] = {-1, -1}, target = -1, receivers[2];
static ino_t inodes[2];
static _Atomic int over;

static void *flip(void *unused) {
  (void)unused;
  for (unsigned turn = 0; !over; turn++) {
    argument->word = words[turn & 1];
    if (target >= 0) dup2(files[turn & 1], target);
    for (volatile unsigned i = 0; i < 100 + (turn * 37) % 900; i++) {}
  }
  return 0;
}

static int which(ino_t inode) { return inode == inodes[0] ? 0 : inode == inodes[1] ? 1 : 2; }

static int which_file(const char *name) {
  struct stat s;
  return stat(name, &s) < 0 ? 2 : which(s.st_ino);
}

/* Each returns 0 for the good object, 1 for the evil one, 2 for neither. */

static int by_map(void) {
  char *mapped = mmap(0, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, target, 0);
  if (mapped == MAP_FAILED) return 2;
  int result = *mapped == 'g' ? 0 : 1;
  munmap(mapped, 1);
  return result;
}

static int by_fifo(void) {
  int fd = open(argument->text, O_RDWR | O_NONBLOCK), result = 2;
  struct stat s;
  if (fd >= 0 && fstat(fd, &s) == 0) result = which(s.st_ino);
  close(fd);
  return result;
}

static int by_connect(void) {
  int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), result = 2;
  if (connect(fd, (void *)argument, sizeof argument->address) == 0) {
    struct sockaddr_un peer = {0};
    socklen_t size = sizeof peer;
    getpeername(fd, (void *)&peer, &size);
    result = peer.sun_path[0] == 'g' ? 0 : 1;
    for (int i = 0; i < 2; i++) close(accept4(receivers[i], 0, 0, 0));
  }
  close(fd);
  return result;
}

static int by_send(void) {
  static int from = -1;
  if (from < 0) from = socket(AF_UNIX, SOCK_DGRAM, 0);
  char byte;
  sendto(from, "x", 1, MSG_DONTWAIT, (void *)argument, sizeof argument->address);
  for (int i = 0; i < 2; i++)
    if (recv(receivers[i], &byte, 1, MSG_DONTWAIT) == 1) return i;
  return 2;
}

/* A message to the other end of a pair has no address; behind the same number comes a socket of the internet, and an address. */
static int by_exchange(void) {
  char byte;
  sendmsg(target, &argument->message, MSG_DONTWAIT);
  for (int i = 0; i < 2; i++)
    if (recv(receivers[i], &byte, 1, MSG_DONTWAIT) == 1) return i;
  return 2;
}

static void pair_and_internet(void) {
  static struct iovec part = {"x", 1};
  static struct sockaddr_in away = {AF_INET};
  socklen_t size = sizeof away;
  int pair[2];
  socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
  files[0] = pair[0], receivers[0] = pair[1];
  files[1] = socket(AF_INET, SOCK_DGRAM, 0), receivers[1] = socket(AF_INET, SOCK_DGRAM, 0);
  away.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(receivers[1], (void *)&away, sizeof away);
  getsockname(receivers[1], (void *)&away, &size);
  argument->message = (struct msghdr){0, sizeof away, &part, 1};
  words[0] = 0, words[1] = (unsigned long)&away;
  target = dup(files[0]);
}

/* What the act does to a child ends with it: the next try finds everything as the first one did. */
static int in_child(int (*act)(void)) {
  int status = 0, pid = fork();
  if (pid == 0) _exit(act());
  waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

static int mount_here(void) {
  if (unshare(CLONE_NEWNS) < 0) return 2;
  return mount(argument->text, "place", 0, MS_BIND, 0) < 0 ? 2 : which_file("place/n");
}
static int by_mount(void) { return in_child(mount_here); }

static int chroot_here(void) { return chroot(argument->text) < 0 ? 2 : which_file("/n"); }
static int by_chroot(void) { return in_child(chroot_here); }

static int by_groups(void) {
  unsigned now[2];
  if (syscall(SYS_setgroups, 1, argument->groups) < 0 || syscall(SYS_getgroups, 2, now) != 1) return 2;
  syscall(SYS_setgroups, 0, 0);
  return now[0] == (unsigned)words[0] ? 0 : 1;
}

/* In a user namespace of its own. */
static int by_mkdir(void) {
  mkdir(argument->text, 0755);
  int good = rmdir("good/n"), evil = rmdir("evil/n");
  return good == 0 ? 0 : evil == 0 ? 1 : 2;
}

static void receive(int type) {
  const char *names[] = {"good", "evil"};
  for (int i = 0; i < 2; i++) {
    struct sockaddr_un address = {AF_UNIX};
    strcpy(address.sun_path, names[i]);
    receivers[i] = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
    bind(receivers[i], (void *)&address, sizeof address);
    if (type != SOCK_DGRAM) listen(receivers[i], 100);
  }
}

static const struct act {
  const char *name;
  int (*act)(void);
} acts[] = {
  {"map", by_map}, {"fifo", by_fifo}, {"connect", by_connect}, {"send", by_send}, {"exchange", by_exchange}, {"mount", by_mount},
  {"chroot", by_chroot}, {"groups", by_groups}, {"mkdir", by_mkdir},
};

int main(int count, char **word) {
  if (count != 5) return 2;
  const struct act *act = acts;
  while (strcmp(act->name, word[1]) != 0)
    if (++act == acts + sizeof acts / sizeof *acts) return 3;
  argument = mmap(0, sizeof *argument, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  long tries = atol(word[2]), results[3] = {0};
  for (int i = 0; i < 2; i++) {
    struct stat s;
    char within[16];
    argument->word = 0;
    if (act->act == by_groups) argument->groups[0] = (unsigned)atoi(word[3 + i]);
    else if (act->act == by_connect || act->act == by_send) {
      argument->address.sun_family = AF_UNIX;
      strncpy(argument->address.sun_path, word[3 + i], 5);
    } else strncpy(argument->text, word[3 + i], 7);
    words[i] = argument->word;
    snprintf(within, sizeof within, act->act == by_fifo ? "%s" : "%s/n", i ? "evil" : "good");
    if (stat(within, &s) == 0) inodes[i] = s.st_ino;
    if (act->act == by_map) files[i] = open(word[3 + i], O_RDONLY);
  }
  argument->word = words[0];
  if (act->act == by_map) target = dup(files[0]);
  if (act->act == by_connect) receive(SOCK_SEQPACKET);
  if (act->act == by_send) receive(SOCK_DGRAM);
  if (act->act == by_exchange) pair_and_internet();
  if (act->act == by_mount && (unshare(CLONE_NEWNS) < 0 || mount(0, "/", 0, MS_REC | MS_PRIVATE, 0) < 0)) return 4;
  if (act->act == by_mkdir && (unshare(CLONE_NEWUSER) < 0 || rmdir("evil/n") < 0)) return 4;
  pthread_t flipper;
  int races = tries > 3;
  if (races) pthread_create(&flipper, 0, flip, 0);
  for (long i = 0; i < tries; i++) results[act->act()]++;
  over = 1;
  if (races) pthread_join(flipper, 0);
  printf("%ld %ld %ld\n", results[0], results[1], results[2]);
  return 0;
}
