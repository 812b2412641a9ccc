"""Looks a host up and connects, as Python programs do: PROGRAM NAME PORT."""
import socket
import sys

try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])))
    print("connected")
except socket.gaierror:
    print("not found")
    sys.exit(2)
except OSError:
    print("not connected")
    sys.exit(1)
