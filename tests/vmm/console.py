#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Typing into a guest: through a pipe, to its end; on a terminal, which is raw meanwhile and as before afterwards, however
the run ends. Usage: console.py SEAMLESS GUEST_DIRECTORY"""
import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios

SEAMLESS, GUESTS = sys.argv[1:3]
LIMIT = "60"


def command(guest):
    return [SEAMLESS, "run", "--guest", os.path.join(GUESTS, guest + ".elf"), "--timeout", LIMIT]


def expect(right, what, *details):
    if not right:
        print(f"FAILED {what}", *details)
        sys.exit(1)
    print(f"ok {what}")


def pipe():
    text = "hello, guest\n" + "0123456789" * 20 + "\nquit\n"
    result = subprocess.run(command("keyboard"), input=text, capture_output=True, text=True, check=False)
    expect(result.returncode == 0, "the guest got its line", result)
    expect(result.stdout == "type\n" + text + "PASS\n", "it printed what was typed", result.stdout)


def end_of_input():
    result = subprocess.run(command("keyboard"), input="abc\n", capture_output=True, text=True, check=False)
    expect(result.returncode == 1 and "waits in HLT" in result.stderr, "without more input the run ends", result)


class Terminal:
    def __init__(self, guest):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        self.pid = os.fork()
        if not self.pid:
            os.setsid()
            os.close(self.master)
            self.own()
            os.execv(SEAMLESS, command(guest))

    def own(self):
        """Makes the terminal the controlling one of this session."""
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        for n in range(3):
            os.dup2(self.slave, n)

    def until(self, text):
        while text not in self.seen:
            self.seen += os.read(self.master, 1024)
        self.seen = self.seen.split(text, 1)[1]

    def type(self, keys):
        os.write(self.master, keys)

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

    def end(self, what, status):
        self.until(b"pages proved free")
        ended = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        expect(ended == status, f"{what}: exit status {status}", ended)
        expect(termios.tcgetattr(self.slave) == self.before, f"{what}: the terminal is as it was")
        os.close(self.master)
        os.close(self.slave)


def terminal():
    t = Terminal("keyboard")
    t.until(b"type\r\n")
    expect(t.is_raw(), "the terminal is raw meanwhile")
    t.type(b"a\x03b\rquit\r")
    t.until(b"a\x03b\r\nquit\r\nPASS")
    t.end("the guest's own end", 0)
    t = Terminal("keyboard")
    t.until(b"type\r\n")
    t.type(b"\x01\x01")
    t.until(b"\x01")
    t.type(b"\x01x")
    t.until(b"stopped by Ctrl-A x")
    t.end("Ctrl-A x", 1)
    t = Terminal("bad_loop")
    t.until(b"about to loop")
    t.type(b"\x03")
    t.until(b"stopped by Ctrl-C")
    t.end("Ctrl-C for a guest that does not look", 1)
    t = Terminal("keyboard")
    t.until(b"type\r\n")
    os.kill(t.pid, signal.SIGTERM)
    t.end("a signal", 1)


pipe()
end_of_input()
terminal()
