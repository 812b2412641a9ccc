/* Mounts a file system by the calls of the newer interface, unmounts it, and opens its device for itself alone: let-go DEVICE PLACE. Its
 * first process lives on and has no descriptor of it any more. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* arch/x86/entry/syscalls/syscall_64.tbl; linux/mount.h */
enum { MOVE_MOUNT = 429, FSOPEN = 430, FSCONFIG = 431, FSMOUNT = 432, SET_STRING = 1, CREATE = 6, EMPTY_PATH = 4 };

int main(int count, char **words) {
  if (count != 3) return 2;
  int context = syscall(FSOPEN, "ext4", 0);
  syscall(FSCONFIG, context, SET_STRING, "source", words[1], 0);
  syscall(FSCONFIG, context, CREATE, 0, 0, 0);
  int tree = syscall(FSMOUNT, context, 0, 0);
  printf("mounted: %d\n", (int)syscall(MOVE_MOUNT, tree, "", AT_FDCWD, words[2], EMPTY_PATH));
  close(tree);
  int is_late = words[2][strlen(words[2]) - 1] == 'e';
  if (!is_late) close(context);
  printf("unmounted: %d\n", umount2(words[2], 0));
  if (is_late) close(context);
  printf("alone: %s\n", open(words[1], O_RDWR | O_EXCL) < 0 ? strerror(errno) : "ok");
  return 0;
}
