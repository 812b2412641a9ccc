"""
Runs a program that is in memory, twice. With `change`, it writes to the program in between, through a mapping whose page it has read
before: no time of the file changes.
"""
import mmap, os, sys, time


def run():
    try:
        program = os.posix_spawn("memory/program", ["program"], {})
    except PermissionError:
        return "refused"
    return "ran" if os.waitpid(program, 0)[1] == 0 else "failed"


time.sleep(0.1)  # The program's last change is old enough to count.
first = run()
fd = os.open("memory/program", os.O_RDWR)
with mmap.mmap(fd, 0) as content:
    last = content[-1]
    if "change" in sys.argv:
        content[-1] = last ^ 1
os.close(fd)
print(first, run())
