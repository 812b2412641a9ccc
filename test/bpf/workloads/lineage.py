"""Everybody who descends from a process opens a file of its own: threads, children by fork and vfork, daemons, orphans."""

import os
import signal
import subprocess
import sys
import threading

here = sys.argv[1]
for name in ("thread", "child", "orphan", "daemon", "group"):
    with open(name, "w"):
        pass


def look(name):
    with open(name):
        pass


thread = threading.Thread(target=look, args=("thread",))
thread.start()
thread.join()
# posix_spawn, and so vfork.
subprocess.run(["/bin/cat", "child"], check=True, close_fds=False)
ready, done = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        # Its parent has ended, or is about to.
        os.setsid()
        look("orphan")
        os.execv("/bin/sh", ["sh", "-c", "cat daemon; exec >&-"])
    os._exit(0)
os.wait()
os.close(done)
os.read(ready, 1)
ready, done = os.pipe()
waiting = os.fork()
if waiting == 0:
    os.setpgid(0, 0)
    look("group")
    os.write(done, b"x")
    signal.pause()
os.read(ready, 1)
os.kill(waiting, signal.SIGKILL)
os.waitpid(waiting, 0)
# A process that has ended remains until its parent waits for it.
ended = os.fork()
if ended == 0:
    os._exit(0)
os.waitid(os.P_PID, ended, os.WEXITED | os.WNOWAIT)
look(f"/proc/{ended}/stat")
os.waitpid(ended, 0)
