/* Connects, sends and binds in every way that waits, fails or is interrupted. Each writes one line: the call and its result.
 * "slow" marks a call that took as long as its alarm or limit; no other call may take that long. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in good = {AF_INET}, full = {AF_INET}, closed = {AF_INET};
static struct sockaddr nobody = {AF_UNSPEC};
static struct itimerval soon = {{0, 0}, {0, 500000}};
static int full_listener;

static void ring(int number) { (void)number; }

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

#define DO(what, call)                                                                                      \
  do {                                                                                                      \
    errno = 0;                                                                                              \
    double began_ = now();                                                                                  \
    long result_ = (call);                                                                                  \
    const char *said_ = result_ < 0 ? strerrorname_np(errno) : "ok";                                        \
    printf("%s: %s%s\n", what, said_ ? said_ : "no", now() - began_ > 400 && is_timed ? " slow" : ""); \
  } while (0)
static int is_timed;
#define IS(what, condition) printf("%s: %s\n", what, (condition) ? "yes" : "no")

#define TO(address) (struct sockaddr *)&(address), sizeof(address)

static int listener(struct sockaddr_in *address, int backlog) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  socklen_t size = sizeof *address;
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(fd, (struct sockaddr *)address, size);
  getsockname(fd, (struct sockaddr *)address, &size);
  listen(fd, backlog);
  return fd;
}

static int stream(int flags) { return socket(AF_INET, SOCK_STREAM | flags, 0); }

/* Fills the queue, so that the next connection waits. */
static void fill(void) {
  for (int i = 0; i < 4; i++) connect(stream(SOCK_NONBLOCK), TO(full));
}

static void connecting(void) {
  int fd = stream(0);
  DO("connect", connect(fd, TO(good)));
  DO("connect again", connect(fd, TO(good)));
  IS("it still waits", !(fcntl(fd, F_GETFL) & O_NONBLOCK));
  DO("write", write(fd, "x", 1));
  DO("write to half an address", sendto(fd, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&good, 2));
  DO("dissolve", connect(fd, &nobody, sizeof nobody));
  DO("connect anew", connect(fd, TO(good)));
  fd = stream(0);
  DO("refused", connect(fd, TO(closed)));
  DO("then to another", connect(fd, TO(good)));
  DO("short", connect(stream(0), (struct sockaddr *)&good, 8));
  DO("another family", connect(stream(0), &(struct sockaddr){AF_UNIX}, 16));
  DO("IPv6", connect(stream(0), (struct sockaddr *)&(struct sockaddr_in6){AF_INET6}, 28));
  struct sockaddr_in ending = {AF_INET};
  int ended = listener(&ending, 1);
  fd = stream(0);
  DO("to one that ends", connect(fd, TO(ending)));
  close(accept(ended, 0, 0)), close(ended);
  DO("again, where nothing listens", connect(fd, TO(ending)));
  DO("another, where nothing listens", connect(stream(0), TO(ending)));
  fd = stream(SOCK_NONBLOCK);
  DO("without waiting", connect(fd, TO(good)));
  struct pollfd writable = {fd, POLLOUT};
  poll(&writable, 1, 5000);
  DO("done meanwhile", connect(fd, TO(good)));
  DO("and known", connect(fd, TO(good)));
  IS("it still does not wait", fcntl(fd, F_GETFL) & O_NONBLOCK);
  fd = stream(SOCK_NONBLOCK);
  fill();
  DO("under way", connect(fd, TO(full)));
  DO("still under way", connect(fd, TO(full)));
}

static void interrupted(void) {
  struct sigaction action = {.sa_handler = ring};
  sigaction(SIGALRM, &action, 0);
  int fd = stream(0);
  is_timed = 1;
  setitimer(ITIMER_REAL, &soon, 0);
  DO("an alarm", connect(fd, TO(full)));
  IS("it still waits", !(fcntl(fd, F_GETFL) & O_NONBLOCK));
  fd = stream(0);
  struct timeval limit = {0, 500000};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  DO("a limit", connect(fd, TO(full)));
  fd = stream(0);
  limit.tv_sec = 30;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  setitimer(ITIMER_REAL, &soon, 0);
  DO("an alarm before the limit", connect(fd, TO(full)));
  is_timed = 0;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, 0);
  pid_t child = fork();
  if (child == 0) {
    usleep(900000);
    for (int i = 0; i < 40; i++) close(accept4(full_listener, 0, 0, SOCK_NONBLOCK)), usleep(50000);
    _exit(0);
  }
  setitimer(ITIMER_REAL, &soon, 0);
  DO("an alarm that restarts it, then a free place", connect(stream(0), TO(full)));
  waitpid(child, 0, 0);
  for (int end = 0; end < 2; end++) {
    child = fork();
    if (child == 0) {
      fill();
      connect(stream(0), TO(full));
      _exit(7);
    }
    int status;
    usleep(500000);
    if (end == 1) {
      kill(child, SIGSTOP);
      waitpid(child, &status, WUNTRACED);
      IS("stopped", WIFSTOPPED(status));
      kill(child, SIGCONT);
    }
    kill(child, end ? SIGQUIT : SIGTERM);
    waitpid(child, &status, 0);
    printf("killed by %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  }
}

static const char *_Atomic other_said;
static void *wait_to_connect(void *unblocked) {
  if (unblocked) pthread_sigmask(SIG_UNBLOCK, unblocked, 0);
  errno = 0;
  const char *name = connect(stream(0), TO(full)) < 0 ? strerrorname_np(errno) : "ok";
  other_said = name ? name : "no";
  return 0;
}

/* Two threads wait, and a signal of the process comes. The kernel gives it to the first, unless that one blocks it. */
static void interrupted_together(void) {
  struct sigaction action = {.sa_handler = ring};
  pthread_t other;
  sigset_t alarm_only;
  sigaction(SIGALRM, &action, 0);
  fill();
  pthread_create(&other, 0, wait_to_connect, 0);
  is_timed = 1;
  setitimer(ITIMER_REAL, &soon, 0);
  DO("an alarm for one of two threads", connect(stream(0), TO(full)));
  is_timed = 0;
  usleep(200000);
  printf("the other: %s\n", other_said ? other_said : "waits");
  pthread_kill(other, SIGALRM);
  pthread_join(other, 0);
  printf("the other, by a signal of its own: %s\n", other_said);
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, 0);
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &alarm_only, 0);
  other_said = 0;
  pthread_create(&other, 0, wait_to_connect, &alarm_only);
  setitimer(ITIMER_REAL, &soon, 0);
  usleep(900000);
  printf("the only one that does not block it: %s\n", other_said ? other_said : "waits");
  for (int i = 0; i < 80 && !other_said; i++) close(accept4(full_listener, 0, 0, SOCK_NONBLOCK)), usleep(50000);
  pthread_join(other, 0);
  printf("and then: %s\n", other_said);
  pthread_sigmask(SIG_UNBLOCK, &alarm_only, 0);
}

static int got(int fd, const char *text) {
  char bytes[16] = {0};
  return recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) == (ssize_t)strlen(text) && !strcmp(bytes, text);
}

static void sending(void) {
  int from = socket(AF_INET, SOCK_DGRAM, 0), at = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in to = {AF_INET}, as_none;
  socklen_t size = sizeof to;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  DO("bind to any port", bind(at, TO(to)));
  getsockname(at, (struct sockaddr *)&to, &size);
  DO("bind again", bind(at, TO(to)));
  DO("bind where it is taken", bind(socket(AF_INET, SOCK_DGRAM, 0), TO(to)));
  as_none = to, as_none.sin_family = AF_UNSPEC;
  IS("sendto", sendto(from, "hello", 5, 0, TO(to)) == 5 && got(at, "hello"));
  IS("without a family", sendto(from, "none", 4, 0, TO(as_none)) == 4 && got(at, "none"));
  DO("unreadable data", sendto(from, (void *)8, 5, 0, TO(to)));
  DO("too long", sendto(from, (void *)8, 70000, 0, TO(to)));
  DO("short address", sendto(from, "x", 1, 0, (struct sockaddr *)&to, 8));
  struct iovec parts[2] = {{"he", 2}, {"llo", 3}};
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct msghdr message = {&to, sizeof to, parts, 2, 0, 0, 0};
  IS("sendmsg", sendmsg(from, &message, 0) == 5 && got(at, "hello"));
  message.msg_control = control, message.msg_controllen = sizeof control;
  struct cmsghdr *ttl = CMSG_FIRSTHDR(&message);
  *ttl = (struct cmsghdr){CMSG_LEN(sizeof(int)), IPPROTO_IP, IP_TTL};
  *(int *)CMSG_DATA(ttl) = 9;
  IS("with control data", sendmsg(from, &message, 0) == 5 && got(at, "hello"));
  *(int *)CMSG_DATA(ttl) = 999;
  DO("with wrong control data", sendmsg(from, &message, 0));
  message.msg_control = (void *)8;
  DO("with unreadable control data", sendmsg(from, &message, 0));
  message.msg_control = 0, message.msg_controllen = 0, message.msg_iov = (void *)8;
  DO("with unreadable parts", sendmsg(from, &message, 0));
  message.msg_iov = parts;
  struct mmsghdr several[3] = {{message, 0}, {message, 0}, {message, 0}};
  IS("sendmmsg", sendmmsg(from, several, 3, 0) == 3 && several[0].msg_len == 5 && several[2].msg_len == 5);
  IS("all there", got(at, "hello") && got(at, "hello") && got(at, "hello") && !got(at, "hello"));
  several[1].msg_hdr.msg_name = (void *)8;
  IS("until one fails", sendmmsg(from, several, 3, 0) == 1 && got(at, "hello") && !got(at, "hello"));
  several[0].msg_hdr.msg_name = (void *)8;
  DO("the first fails", sendmmsg(from, several, 3, 0));
  DO("connect", connect(from, TO(to)));
  message.msg_name = 0, message.msg_namelen = 0;
  IS("to the connected address", sendmsg(from, &message, 0) == 5 && got(at, "hello"));
  DO("dissolve", connect(from, &nobody, sizeof nobody));
  DO("to nobody", sendmsg(from, &message, 0));
  parts[0].iov_len = -1;
  DO("of negative length", sendmsg(from, &message, 0));
}

/* UDP over IPv6 has no use for an address without a family: what it is connected to counts. */
static void ignored(void) {
  int from = socket(AF_INET6, SOCK_DGRAM, 0), at = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 to = {AF_INET6, 0, 0, IN6ADDR_LOOPBACK_INIT}, elsewhere = {AF_UNSPEC, htons(9), 0, IN6ADDR_LOOPBACK_INIT};
  socklen_t size = sizeof to;
  DO("bind of IPv6", bind(at, TO(to)));
  getsockname(at, (struct sockaddr *)&to, &size);
  DO("connected to nothing", sendto(from, "none", 4, 0, TO(elsewhere)));
  DO("connect of IPv6", connect(from, TO(to)));
  struct iovec part = {"none", 4};
  struct msghdr message = {&elsewhere, sizeof elsewhere, &part, 1, 0, 0, 0};
  struct mmsghdr several[2] = {{message, 0}, {message, 0}};
  for (int length = 0; length < 30; length += 2)
    DO("of some length", sendto(from, "none", 4, 0, (struct sockaddr *)&elsewhere, length));
  while (got(at, "none")) {}
  IS("sendto with an address that is ignored", sendto(from, "none", 4, 0, TO(elsewhere)) == 4 && got(at, "none"));
  IS("sendmsg with one", sendmsg(from, &message, 0) == 4 && got(at, "none"));
  IS("sendmmsg with two", sendmmsg(from, several, 2, 0) == 2 && got(at, "none") && got(at, "none"));
  from = socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6);
  if (from >= 0) DO("an echo", sendto(from, "\200\0\0\0\0\0\0", 8, 0, TO(elsewhere)));
}

static void binding(void) {
  DO("no family, any address", bind(stream(0), (struct sockaddr *)&(struct sockaddr_in){AF_UNSPEC}, 16));
  DO("no family, an address", bind(stream(0), (struct sockaddr *)&(struct sockaddr_in){AF_UNSPEC, 0, {htonl(INADDR_LOOPBACK)}}, 16));
  DO("a system port", bind(stream(0), (struct sockaddr *)&(struct sockaddr_in){AF_INET, htons(81), {htonl(INADDR_LOOPBACK)}}, 16));
  DO("a foreign address", bind(stream(0), (struct sockaddr *)&(struct sockaddr_in){AF_INET, 0, {htonl(0xc0000201)}}, 16));
  DO("listen with datagrams", listen(socket(AF_INET, SOCK_DGRAM, 0), 1));
  int fd = stream(0);
  DO("listen unbound", listen(fd, 1));
  DO("connect a listener", connect(fd, TO(good)));
  fd = socket(AF_UNIX, SOCK_STREAM, 0);
  DO("a name chosen by the kernel", bind(fd, &(struct sockaddr){AF_UNIX}, 2));
  DO("and another", bind(fd, &(struct sockaddr){AF_UNIX}, 2));
  DO("an abstract name", bind(socket(AF_UNIX, SOCK_DGRAM, 0), &(struct sockaddr){AF_UNIX, {0, 'a', 'l', 'i', 'k', 'e'}}, 8));
  DO("disconnect a Unix datagram socket", connect(socket(AF_UNIX, SOCK_DGRAM, 0), &nobody, sizeof nobody));
  DO("disconnect a Unix stream socket", connect(socket(AF_UNIX, SOCK_STREAM, 0), &nobody, sizeof nobody));
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  listener(&good, 64);
  full_listener = listener(&full, 0);
  fcntl(full_listener, F_SETFL, O_NONBLOCK);
  close(listener(&closed, 1));
  connecting(), interrupted(), interrupted_together(), sending(), ignored(), binding();
  return 0;
}
