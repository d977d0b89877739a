# SPDX-License-Identifier: MIT
"""`seamless run --gdb 0` as the tests start it, and a client of the remote serial protocol that can misbehave."""
import re
import socket
import subprocess
import threading


class Run:
    """A guest that waits for gdb. What it and the command print is collected; `port` is known from the start."""

    def __init__(self, seamless, *args, timeout="100"):
        self.process = subprocess.Popen([seamless, "run", "--gdb", "0", "--timeout", timeout, *args], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said = ""
        self.port = None
        while self.port is None:
            line = self.process.stderr.readline().decode()
            self.said += line
            if not line:
                raise RuntimeError(f"no port: {self.said}")
            match = re.search(r"waits at its first instruction for gdb: \(gdb\) target remote localhost:(\d+)$", line.strip())
            self.port = int(match[1]) if match else None
        self.printed = b""
        self.news = threading.Condition()
        self.readers = [threading.Thread(target=self.read, args=(self.process.stdout, False)),
                        threading.Thread(target=self.read, args=(self.process.stderr, True))]
        for reader in self.readers:
            reader.start()

    def read(self, stream, diagnostics):
        while chunk := stream.read1(4096):
            with self.news:
                if diagnostics:
                    self.said += chunk.decode(errors="replace")
                else:
                    self.printed += chunk
                self.news.notify_all()

    def wait_for(self, text, timeout=60, since=0):
        """Until the guest has printed it, counted from byte `since`."""
        with self.news:
            if not self.news.wait_for(lambda: text in self.printed[since:], timeout):
                raise TimeoutError(f"no {text!r} in {self.printed[-2000:]!r}\n{self.said}")

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\r")
        self.process.stdin.flush()

    def end(self, timeout=60):
        """The exit status."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        for reader in self.readers:
            reader.join()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()
        return status


def framed(data):
    return b"$" + data + b"#%02x" % (sum(data) & 0xff)


class Client:
    def __init__(self, port, timeout=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send_raw(self, data):
        self.socket.sendall(data)

    def byte(self):
        if not self.rest:
            self.rest = self.socket.recv(65536)
            if not self.rest:
                raise EOFError("the stub hung up")
        first, self.rest = self.rest[:1], self.rest[1:]
        return first

    def reply(self):
        """The next packet's data, with escapes undone; what comes before it is dropped."""
        while self.byte() != b"$":
            pass
        data = b""
        while (c := self.byte()) != b"#":
            data += bytes([self.byte()[0] ^ 0x20]) if c == b"}" else c
        self.byte()
        self.byte()
        return data

    def ask(self, data):
        self.send_raw(framed(data))
        return self.reply()

    def hung_up(self):
        try:
            while True:
                self.byte()
        except (EOFError, ConnectionError):
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()
