/* Raced sockets: one thread repeats a call, while another changes what its verdict rests on.
 * 
 *   sockets HOW TRIES PORT OTHER     ports of 127.0.0.1
 * 
 *   connect   the address in memory
 *   dissolve  the same, and sometimes AF_UNSPEC, which dissolves the connection
 *   number    another socket gets the descriptor's number, and the address in memory changes as well
 *   other     another thread dissolves the connection of the same socket all the time
 *   sendto, sendmsg, sendmmsg        the address of a datagram
 *   zerocopy  that of one with MSG_ZEROCOPY, on a socket that did not ask for it
 *   none      a message that has an address only sometimes
 *   bind      the port in memory
 *   listen    another socket, bound to the other port, gets the descriptor's number
 *   form      a socket of IPv6 becomes one of IPv4 (IPV6_ADDRFORM), which reads an address without a family in its own way
 * 
 * Writes how often each port was reached, or neither, and how many connections that stood the other thread dissolved:
 * `ONE OTHER NONE DISSOLVED`. The test counts the datagrams and connections that arrive on OTHER: of one that was
 * dissolved at once, nothing shows here.
 * Ends with 77, which test runners take for "skipped", if this kernel cannot do what is raced: IPV6_ADDRFORM is gone from newer ones.
 * Nothing is flipped if both ports are the same, or in a single try: what is learnt must not rest on a race. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NUMBER = 77, LACKED = 77 };
static union {
  _Atomic unsigned long word;
  struct sockaddr_in address;
} given;
static unsigned long words[3];
static struct msghdr *_Atomic header;
static _Atomic int over, shared = -1;
static long dissolved;
static const char *how;
static int is(const char *name) { return !strcmp(how, name); }

static struct sockaddr_in loopback(int family, int port) {
  return (struct sockaddr_in){family, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
}

static void pause_a_little(unsigned turn) {
  for (volatile unsigned i = 0; i < 50 + (turn * 37) % 900; i++) {}
}

static void *flip(void *spare) {
  struct sockaddr nobody = {AF_UNSPEC};
  int kinds = is("dissolve") ? 3 : 2;
  for (unsigned turn = 0; !over; turn++) {
    given.word = words[turn % kinds];
    struct msghdr *now = header;
    if (now) now->msg_name = is("none") && turn % 2 ? 0 : &given;
    if ((is("number") || is("listen")) && shared >= 0) dup2(turn % 2 ? shared : *(int *)spare, NUMBER);
    if (is("other") && shared >= 0) {
      int fd = shared, stood = getpeername(fd, &(struct sockaddr){0}, &(socklen_t){sizeof nobody}) == 0;
      dissolved += connect(fd, &nobody, sizeof nobody) == 0 && stood;
    }
    if (is("form") && shared >= 0) setsockopt(shared, IPPROTO_IPV6, IPV6_ADDRFORM, &(int){AF_INET}, sizeof(int));
    pause_a_little(turn);
  }
  return 0;
}

static int port_of(int fd, int (*name)(int, struct sockaddr *, socklen_t *)) {
  struct sockaddr_in address = {0};
  socklen_t size = sizeof address;
  return name(fd, (struct sockaddr *)&address, &size) < 0 ? 0 : ntohs(address.sin_port);
}

static int reached(int fd, int other) {
  int port = port_of(fd, (void *)getpeername);
  return port == 0 ? 2 : port == other;
}

static int try_stream(int other, int *spare) {
  struct linger at_once = {1, 0};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  int used = fd;
  if (is("number")) {
    *spare = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(*spare, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    dup2(fd, NUMBER), used = NUMBER;
  }
  shared = fd;
  connect(used, (void *)&given, sizeof given.address);
  shared = -1;
  int result = reached(fd, other);
  if (is("number") && reached(*spare, other) != 2) result = reached(*spare, other);
  close(fd);
  if (is("number")) close(*spare);
  return result;
}

static int try_bind(int other) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  int result = bind(fd, (void *)&given, sizeof given.address) < 0 ? 2 : port_of(fd, (void *)getsockname) == other;
  close(fd);
  return result;
}

static int bound_to(const struct sockaddr_in *address) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (void *)address, sizeof *address) < 0) exit(3);
  return fd;
}

static int stops_listening(int fd) {
  int is_listening = 0;
  getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &(socklen_t){sizeof is_listening});
  if (is_listening) shutdown(fd, SHUT_RD);
  return is_listening;
}

/* Both sockets may be bound; that the second listens is off contour. */
static int try_listen(const struct sockaddr_in *addresses, int *spare) {
  static int fd = -1;
  if (fd < 0) {
    fd = bound_to(&addresses[0]), *spare = bound_to(&addresses[1]);
    dup2(fd, NUMBER);
    shared = fd;
  }
  listen(NUMBER, 5);
  int has_one = stops_listening(fd);
  return stops_listening(*spare) ? 1 : has_one ? 0 : 2;
}

static int try_datagram(int fd) {
  struct iovec part = {"x", 1};
  /* The other thread may notice the end late. */
  static struct mmsghdr message;
  message = (struct mmsghdr){{&given, sizeof given.address, &part, 1}, 0};
  int flags = is("zerocopy") ? MSG_ZEROCOPY : 0;
  if (flags || is("sendto")) return sendto(fd, "x", 1, flags, (void *)&given, sizeof given.address) == 1 ? 0 : 2;
  header = &message.msg_hdr;
  long sent = is("sendmmsg") ? sendmmsg(fd, &message, 1, 0) : sendmsg(fd, &message.msg_hdr, 0);
  header = 0;
  return sent == 1 ? 0 : 2;
}

/* As one of IPv6, the same bytes are an address that may be sent to. */
static int try_form(struct sockaddr_in one, int other) {
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 peer = {AF_INET6, one.sin_port}, to = {AF_INET6, htons(other), one.sin_addr.s_addr, IN6ADDR_LOOPBACK_INIT};
  peer.sin6_addr.s6_addr16[5] = 0xffff, peer.sin6_addr.s6_addr32[3] = one.sin_addr.s_addr;
  static int is_later;
  if (!is_later++) sendto(fd, "x", 1, 0, (void *)&to, sizeof to);
  connect(fd, (void *)&peer, sizeof peer);
  to.sin6_family = AF_UNSPEC;
  shared = fd;
  int result = sendto(fd, "x", 1, 0, (void *)&to, sizeof to) == 1 ? 0 : 2;
  shared = -1;
  close(fd);
  return result;
}

static int lacks_form(void) {
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  int error = setsockopt(fd, IPPROTO_IPV6, IPV6_ADDRFORM, &(int){AF_INET}, sizeof(int)) < 0 ? errno : 0;
  close(fd);
  return error == ENOPROTOOPT;
}

int main(int count, char **word) {
  if (count != 5) return 2;
  how = word[1];
  if (is("form") && lacks_form()) return LACKED;
  int other = atoi(word[4]), spare = -1;
  struct sockaddr_in addresses[] = {loopback(AF_INET, atoi(word[3])), loopback(AF_INET, other), loopback(AF_UNSPEC, other)};
  for (int i = 0; i < 3; i++) memcpy(&words[i], &addresses[i], sizeof *words);
  given.address = addresses[0];
  int from = socket(AF_INET, SOCK_DGRAM, 0);
  if (is("none")) connect(from, (void *)&addresses[0], sizeof *addresses);
  long tries = atol(word[2]), results[3] = {0};
  int is_stream = is("connect") || is("dissolve") || is("number") || is("other");
  pthread_t flipper;
  int races = tries > 1 && strcmp(word[3], word[4]);
  if (races) pthread_create(&flipper, 0, flip, &spare);
  for (long i = 0; i < tries; i++)
    results[is("form")   ? try_form(addresses[0], other)
            : is("listen") ? try_listen(addresses, &spare)
            : is_stream  ? try_stream(races ? other : -1, &spare)
            : is("bind") ? try_bind(races ? other : -1)
                         : try_datagram(from)]++;
  over = 1;
  if (races) pthread_join(flipper, 0);
  printf("%ld %ld %ld %ld\n", results[0], results[1], results[2], dissolved);
  return 0;
}
