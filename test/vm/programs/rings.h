/* io_uring without its library: a ring, and acts through it, one at a time. */
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define ENTRIES 4

struct ring {
  int fd;
  unsigned char *queues;
  struct io_uring_sqe *entries;
  struct io_uring_params parameters;
};

/* The ring's descriptor, or the negative errno. */
static long ring_make(struct ring *ring, unsigned flags) {
  struct io_uring_params *parameters = &ring->parameters;
  memset(ring, 0, sizeof *ring);
  parameters->flags = flags;
  parameters->sq_thread_idle = 100;
  ring->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, parameters);
  if (ring->fd < 0) return -errno;
  size_t submissions = parameters->sq_off.array + parameters->sq_entries * 4;
  size_t completions = parameters->cq_off.cqes + parameters->cq_entries * sizeof(struct io_uring_cqe);
  size_t size = submissions > completions ? submissions : completions;
  ring->queues = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
  ring->entries = mmap(0, ENTRIES * sizeof *ring->entries, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
                       IORING_OFF_SQES);
  return ring->queues == MAP_FAILED || ring->entries == MAP_FAILED ? -ENOMEM : ring->fd;
}

#define WORD(offset) ((unsigned *)(ring->queues + ring->parameters.offset))

/* Submits the first entry, and waits for its result. */
static int ring_submit(struct ring *ring) {
  unsigned tail = *WORD(sq_off.tail), head = *WORD(cq_off.head), mask = *WORD(sq_off.ring_mask);
  unsigned wake = ring->parameters.flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0;
  struct io_uring_cqe *completions = (void *)(ring->queues + ring->parameters.cq_off.cqes);
  WORD(sq_off.array)[tail & mask] = 0;
  __atomic_store_n(WORD(sq_off.tail), tail + 1, __ATOMIC_RELEASE);
  if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS | wake, 0, 0) < 0) return -errno;
  while (__atomic_load_n(WORD(cq_off.tail), __ATOMIC_ACQUIRE) == head) usleep(1000);
  int result = completions[head & *WORD(cq_off.ring_mask)].res;
  __atomic_store_n(WORD(cq_off.head), head + 1, __ATOMIC_RELEASE);
  return result;
}

/* Sockets that reach nothing yet: of connections to a port, and of datagrams to a file. */
struct loose {
  int unconnected, unassociated;
};

/* One act by its name, on one of the sockets that exist; or the negative errno. */
static int ring_act(struct ring *ring, const char *name, unsigned char flags, unsigned short port,
                    struct loose loose) {
  struct io_uring_sqe *entry = ring->entries;
  static const struct sockaddr_un file = {AF_UNIX, "datagrams"};
  struct sockaddr_in address = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
  memset(entry, 0, sizeof *entry);
  entry->flags = flags;
  entry->fd = AT_FDCWD;
  if (!strcmp(name, "open")) {
    entry->opcode = IORING_OP_OPENAT;
    entry->addr = (unsigned long)"by-ring";
    entry->open_flags = O_RDONLY;
  } else if (!strcmp(name, "mkdir")) {
    entry->opcode = IORING_OP_MKDIRAT;
    entry->addr = (unsigned long)"directory-by-ring";
    entry->len = 0700;
  } else if (!strcmp(name, "rename")) {
    entry->opcode = IORING_OP_RENAMEAT;
    entry->addr = (unsigned long)"by-ring";
    entry->addr2 = (unsigned long)"moved-by-ring";
    entry->len = (unsigned)AT_FDCWD;
  } else if (!strcmp(name, "unlink")) {
    entry->opcode = IORING_OP_UNLINKAT;
    entry->addr = (unsigned long)"gone-by-ring";
  } else if (!strcmp(name, "associate")) {
    entry->opcode = IORING_OP_CONNECT;
    entry->fd = loose.unassociated;
    entry->addr = (unsigned long)&file;
    entry->off = sizeof file;
  } else {
    entry->opcode = IORING_OP_CONNECT;
    entry->fd = loose.unconnected;
    entry->addr = (unsigned long)&address;
    entry->off = sizeof address;
  }
  return ring_submit(ring);
}
