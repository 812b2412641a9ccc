"""
Maps a file of an overlay for writing, and then twice as code. With `change`, it writes through the first mapping in between. With `told`,
the overlay is told before of the last change that the file's times show.
"""
import ctypes, os, sys, time

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
READ_WRITE, READ_EXECUTE = 3, 5
SHARED, PRIVATE = 1, 2
FAILED = ctypes.c_void_p(-1).value


def mapped(flags, protection, kind):
    fd = os.open("merged/code", flags)
    at = libc.mmap(None, 4096, protection, kind, fd, 0)
    os.close(fd)
    return at


def as_code():
    return "refused" if mapped(os.O_RDONLY, READ_EXECUTE, PRIVATE) == FAILED else "mapped"


page = (ctypes.c_char * 4096).from_address(mapped(os.O_RDWR, READ_WRITE, SHARED))
page[4095] = b"\0"  # From now on a write to this page changes no time,
if "told" in sys.argv:
    os.chmod("merged/code", 0o755)
time.sleep(0.1)  # and its last change is old enough to count.
first = as_code()
if "change" in sys.argv:
    page[4095] = b"\1"
print(first, as_code())
