"""io_uring without its library: a ring that connects sockets, one at a time (linux/io_uring.h)."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]

SETUP = 425
ENTER = 426
GET_EVENTS = 1
CONNECT = 16
READ_WRITE = 3
SHARED = 1
AT_ENTRIES = 0x10000000
AF_UNIX = 1
ADDRESS_BYTES = 110


class Ring:
    def __init__(self):
        self.told = (ctypes.c_uint32 * 30)()
        self.fd = libc.syscall(SETUP, 1, self.told)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "io_uring_setup")
        submissions, completions = self.told[0], self.told[1]
        size = max(self.told[16] + 4 * submissions, self.told[25] + 16 * completions)
        self.queues = libc.mmap(None, size, READ_WRITE, SHARED, self.fd, 0)
        self.entries = libc.mmap(None, 64 * submissions, READ_WRITE, SHARED, self.fd, AT_ENTRIES)

    def word(self, which):
        """A number in the queues, by the place of its offset in what the kernel told."""
        return ctypes.c_uint32.from_address(self.queues + self.told[which])

    def connect(self, fd, path):
        """Connects a socket to a path: 0 or the errno."""
        address = AF_UNIX.to_bytes(2, "little") + os.fsencode(path)
        words = ctypes.create_string_buffer(address, ADDRESS_BYTES)
        entry = bytearray(64)
        entry[0] = CONNECT
        entry[4:8] = fd.to_bytes(4, "little")
        entry[8:16] = ADDRESS_BYTES.to_bytes(8, "little")
        entry[16:24] = ctypes.addressof(words).to_bytes(8, "little")
        ctypes.memmove(self.entries, bytes(entry), len(entry))
        self.word(16).value = 0
        self.word(11).value += 1
        if libc.syscall(ENTER, self.fd, 1, 1, GET_EVENTS, None, 0) < 0:
            return ctypes.get_errno()
        head = self.word(20)
        place = self.queues + self.told[25] + 16 * (head.value & self.word(22).value)
        result = ctypes.c_int32.from_address(place + 8).value
        head.value += 1
        return -result
