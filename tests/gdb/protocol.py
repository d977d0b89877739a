#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The edges of the remote serial protocol, by a client that keeps to it and one that does not: framing, acknowledgements,
threads, vCont, malformed packets of every command, interrupts, a client that dies, a port that is taken.
Usage: protocol.py SEAMLESS GUEST_DIRECTORY"""
import os
import random
import re
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stub import Client, Run, framed  # noqa: E402

SEAMLESS, GUESTS = sys.argv[1:3]
LOOP = os.path.join(GUESTS, "bad_loop.elf")
TEST = os.path.join(GUESTS, "test.elf")
MALFORMED, NO_THREAD, NO_REGISTER = b"E.malformed packet", b"E.no such thread", b"E.no such register"
RIP, CR0, REGISTERS = 0x10, 0x3c, 608
failures = 0


def check(name, right, got=""):
    global failures
    if not right:
        failures += 1
        print("FAILED", name, repr(got)[:400])


def equal(name, got, wanted):
    check(name, got == wanted, (got, wanted))


def rip(client):
    return int.from_bytes(bytes.fromhex(client.ask(b"p%x" % RIP).decode()), "little")


def frames(client):
    """With acknowledgements: a damaged packet is refused, a reply is repeated when asked for, noise is no packet."""
    client.send_raw(b"noise+++" + framed(b"qC"))
    equal("ack", client.byte(), b"+")
    equal("first thread", client.reply(), b"QC01")
    client.send_raw(b"$qC#00")
    equal("bad checksum", client.byte(), b"-")
    client.send_raw(b"$qC#zz")
    equal("no checksum", client.byte(), b"-")
    client.send_raw(b"-")
    equal("repeat", client.reply(), b"QC01")
    equal("no-ack mode", client.ask(b"QStartNoAckMode"), b"OK")
    client.send_raw(b"$qC#00")
    equal("checksums are not looked at then", client.reply(), b"QC01")
    client.send_raw(b"$")
    client.send_raw(b"q")
    client.send_raw(b"C#")
    client.send_raw(b"b4")
    equal("a packet in pieces", client.reply(), b"QC01")
    client.send_raw(framed(b"qC") * 3)
    equal("packets together", [client.reply() for _ in range(3)], [b"QC01"] * 3)
    equal("an empty packet", client.ask(b""), b"")


def description(client):
    text = b""
    while not text or part[:1] == b"m":
        part = client.ask(b"qXfer:features:read:target.xml:%x,200" % len(text))
        check("a part of the description", part[:1] in b"ml" and len(part) <= 0x201, part)
        text += part[1:]
    check("the description", text.startswith(b"<?xml") and text.endswith(b"</target>") and b'name="rip"' in text)
    equal("past its end", client.ask(b"qXfer:features:read:target.xml:fffff,10"), MALFORMED)
    equal("another document", client.ask(b"qXfer:features:read:other.xml:0,10"), b"")
    for rest in [b"", b"0", b"0,", b"0,zz", b"0,10x", b"-1,1", b"11111111111111111,1"]:
        check(b"description " + rest, client.ask(b"qXfer:features:read:target.xml:" + rest) == MALFORMED)


def threads(client):
    equal("threads", client.ask(b"qfThreadInfo") + client.ask(b"qsThreadInfo"), b"m01,02l")
    check("extra", b"vCPU" not in client.ask(b"qThreadExtraInfo,2") and bytes.fromhex(client.ask(b"qThreadExtraInfo,2").decode()))
    for packet, reply in [(b"T1", b"OK"), (b"T2", b"OK"), (b"T3", NO_THREAD), (b"T0", NO_THREAD), (b"T-1", NO_THREAD), (b"Tp1.1", NO_THREAD),
                          (b"T", NO_THREAD), (b"T1x", NO_THREAD), (b"Hg2", b"OK"), (b"Hg0", b"OK"), (b"Hg-1", b"OK"), (b"Hc-1", b"OK"),
                          (b"Hg3", NO_THREAD), (b"Hx1", NO_THREAD), (b"H", NO_THREAD), (b"Hg", NO_THREAD), (b"Hg1;", NO_THREAD),
                          (b"qThreadExtraInfo,9", NO_THREAD), (b"Hgffffffffffffffff", NO_THREAD), (b"qC", b"QC02"), (b"Hg1", b"OK")]:
        equal(packet, client.ask(packet), reply)


def registers(client):
    block = client.ask(b"g")
    equal("size of g", len(block), 2 * REGISTERS)
    equal("writing back what is there", client.ask(b"G" + block), b"OK")
    for packet, reply in [(b"p", NO_REGISTER), (b"p100", NO_REGISTER), (b"pzz", NO_REGISTER), (b"p0,", NO_REGISTER), (b"P", MALFORMED),
                          (b"P0", MALFORMED), (b"P0=", MALFORMED), (b"P0=11", MALFORMED), (b"P0=" + b"1" * 18, MALFORMED),
                          (b"Pfff=" + b"0" * 16, MALFORMED), (b"g0", MALFORMED), (b"G", MALFORMED), (b"G" + block[:-2], MALFORMED),
                          (b"G" + block + b"00", MALFORMED), (b"G" + b"x" * len(block), MALFORMED), (b"P0=" + b"g" * 16, MALFORMED)]:
        equal(packet[:20], client.ask(packet), reply)
    equal("write", client.ask(b"P3=efbeadde00000000"), b"OK")
    equal("read back", client.ask(b"p3"), b"efbeadde00000000")
    check("CR0 is read-only", client.ask(b"P%x=" % CR0 + b"0" * 16).startswith(b"E.a guest can't have this value"))
    check("reserved flags", client.ask(b"P11=ffffffff").startswith(b"E.a guest can't have this value"))
    for number in range(REGISTERS):  # there are fewer: each that is there can be written with itself, or is read-only
        value = client.ask(b"p%x" % number)
        if value == NO_REGISTER:
            break
        equal(f"register {number}", client.ask(b"P%x=" % number + value), b"OK")
    check("how many registers", number > 60, number)


def memory(client):
    at = 0x100000  # the guest's own code: mapped once paging is on; before, a linear address is a physical one
    code = client.ask(b"m%x,3" % at)
    equal("hex and binary writes", [client.ask(b"M%x,3:7d2a23" % at), client.ask(b"m%x,3" % at)], [b"OK", b"7d2a23"])
    equal("escaped", [client.ask(b"X%x,3:}]}\x0a}\x03" % at), client.ask(b"m%x,3" % at)], [b"OK", b"7d2a23"])
    equal("back again", client.ask(b"M%x,3:" % at + code), b"OK")
    for packet, reply in [(b"m", MALFORMED), (b"m1", MALFORMED), (b"m1,", MALFORMED), (b"m,1", MALFORMED), (b"m0,2001", MALFORMED),
                          (b"m0,ffffffffffffffff", MALFORMED), (b"m0,1 ", MALFORMED), (b"mfffffff0,0", b""), (b"m%x,2" % (at - 1), b"E0e"),
                          (b"M0,1", MALFORMED), (b"M%x,2:11" % at, MALFORMED), (b"M%x,1:1111" % at, MALFORMED), (b"M%x,1:zz" % at, MALFORMED),
                          (b"X%x,2:1" % at, MALFORMED), (b"X%x,0:" % at, b"OK"), (b"M40000000,1:00", b"E0e")]:
        equal(packet, client.ask(packet), reply)
    equal("as far as there is memory", len(client.ask(b"m%x,20" % (0x100000000 - 16))), 32)


def points(client):
    for packet, reply in [(b"Z", MALFORMED), (b"Z0", MALFORMED), (b"Z0,", MALFORMED), (b"Z0,1", MALFORMED), (b"Z0,1,", MALFORMED),
                          (b"Z5,1,1", MALFORMED), (b"Zffffffffffffffff,1,1", MALFORMED), (b"z0,1,1", b"OK"), (b"Z1,500000,1", b"OK"),
                          (b"z1,500000,1", b"OK"), (b"Z2,ffffffffffffffff,8", b"OK"), (b"z2,ffffffffffffffff,8", b"OK")]:
        equal(packet, client.ask(packet), reply)
    for packet in [b"Z0,1,1;X1,0", b"Z2,1,0", b"Z2,1,1001", b"z9,1,1"]:
        check(packet, client.ask(packet).startswith(b"E.no conditions"))
    equal("64 points", {client.ask(b"Z0,%x,1" % (0x600000 + i)) for i in range(64)}, {b"OK"})
    check("no more", client.ask(b"Z0,700000,1").startswith(b"E.there is room for 64"))
    equal("the same again", client.ask(b"Z0,600000,1"), b"OK")
    equal("all cleared", {client.ask(b"z0,%x,1" % (0x600000 + i)) for i in range(64)}, {b"OK"})


def running(client):
    for packet in [b"c5", b"s5", b"C", b"S", b"Czz", b"vCont", b"vCont;", b"vCont;x", b"vCont;c:9", b"vCont;c:", b"vCont;s:1:2", b"vCont;c;q",
                   b"vCont;C", b"vCont;t"]:
        equal(packet, client.ask(packet), MALFORMED)
    equal("vCont?", client.ask(b"vCont?"), b"vCont;c;C;s;S")
    before = rip(client)
    check("a step", client.ask(b"vCont;s:1").startswith(b"T05") and rip(client) != before)
    check("with a signal", client.ask(b"vCont;S05:1").startswith(b"T05"))
    check("the old way", client.ask(b"s").startswith(b"T05") and client.ask(b"S05").startswith(b"T05"))
    last = client.ask(b"?")
    check("why it stopped", last.startswith(b"T05") and b"thread:01;" in last, last)
    client.send_raw(framed(b"vCont;c") + framed(b"qC"))
    client.send_raw(b"\x03")  # after a packet that has to wait: it does, too
    client.send_raw(b"\x03")


def interrupts(port):
    client = Client(port)
    equal("no-ack mode", client.ask(b"QStartNoAckMode"), b"OK")
    check("features", b"vContSupported+" in client.ask(b"qSupported:swbreak+;hwbreak+;xmlRegisters=i386"))
    client.send_raw(framed(b"vCont;c"))
    client.send_raw(b"\x03")
    check("an interrupt", client.reply().startswith(b"T02"))
    at = rip(client)
    equal("a breakpoint where it stands", client.ask(b"Z0,%x,1" % at), b"OK")
    stop = client.ask(b"c")
    check("met", stop.startswith(b"T05") and b"swbreak:;" in stop, stop)
    check("stepped over", client.ask(b"s").startswith(b"T05"))
    equal("another session's packets", client.ask(b"vMustReplyEmpty"), b"")
    return client


def executed(client, thread):
    return int(re.search(r"after (\d+) instructions", bytes.fromhex(client.ask(b"qThreadExtraInfo,%x" % thread).decode()).decode())[1])


def steps():
    """Of one vCPU while the others start: each is one instruction, however they met at the stop before."""
    for attempt in range(60):
        run = Run(SEAMLESS, "--guest", TEST, "--smp", "8")
        client = Client(run.port)
        client.ask(b"QStartNoAckMode")
        for step in range(3):
            before = executed(client, 1)
            stop = client.ask(b"vCont;s:1;c")
            equal(f"step {step} of run {attempt}", (stop.startswith(b"T05") and b"thread:01;" in stop, executed(client, 1) - before), (True, 1))
        client.send_raw(framed(b"k"))
        client.close()
        equal("the end of it", run.end(), 1)


def garbage(port):
    """Packets of random bytes, of random commands, and cut short: an answer or none, and never the end of the command."""
    rng = random.Random(7)
    client = Client(port)
    client.ask(b"QStartNoAckMode")
    commands = b"?gGpPmMXHTZzqQv!bBdFiIrRtx"
    for _ in range(400):
        data = bytes(rng.choice(commands) if i == 0 else rng.choice(b"0123456789abcdef,;:=-+xz*\x00\xff") for i in range(rng.randrange(24)))
        client.ask(data)
    client.send_raw(framed(b"vKil") + b"$m1")
    client.close()
    client = Client(port)
    client.send_raw(b"$" + b"x" * 20000)
    check("a packet without an end", client.hung_up())
    client.close()


def dies(port):
    """One that goes while the guest runs with its breakpoints set: the next finds none of them."""
    client = Client(port)
    client.ask(b"QStartNoAckMode")
    at = rip(client)
    client.ask(b"Z0,%x,1" % at)
    client.send_raw(framed(b"c"))
    client.close()
    client = Client(port)
    client.ask(b"QStartNoAckMode")
    client.send_raw(framed(b"c"))
    client.socket.settimeout(0.3)
    try:
        check("breakpoints of the dead", False, client.reply())
    except TimeoutError:
        pass
    client.socket.settimeout(30)
    client.send_raw(b"\x03")
    check("still there", client.reply().startswith(b"T02"))
    return client


def terminations():
    """However close the signal comes to the client's going: vCPUs leave for it while their state is looked at."""
    for attempt in range(16):
        run = Run(SEAMLESS, "--guest", TEST, "--smp", "2")
        Client(run.port).close()
        time.sleep(attempt * 0.0002)
        run.process.terminate()
        status = run.end()
        check("ended by the signal, or before it by itself", status in (0, 1) and "pages proved free" in run.said, run.said)


def turns():
    """vCPUs in turns, whose time stands still while gdb holds them: the end of the run comes all the same."""
    for client in [False, True]:
        for timeout in ["1", "100"]:
            run = Run(SEAMLESS, "--guest", TEST, "--smp", "2", "--deterministic", timeout=timeout)
            connection = client and Client(run.port)
            if timeout == "100":
                time.sleep(0.3)
                run.process.terminate()
            equal("ended", run.end(), 1)
            check("torn down", "seamless: stopped" in run.said and "pages proved free" in run.said, run.said)
            if connection:
                connection.close()


def refused(*args):
    return subprocess.run([SEAMLESS, "run", "--guest", LOOP, *args], capture_output=True, text=True, timeout=30, check=False)


def usage():
    for port in ["", "x", "-1", "65536", "1.5", "localhost:1"]:
        result = refused("--gdb", port)
        check(f"port {port!r}", result.returncode == 2 and f"--gdb: '{port}' is not a port" in result.stderr, result.stderr)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = refused("--gdb", str(taken.getsockname()[1]))
        check("a port that is taken", result.returncode == 2 and "Address already in use" in result.stderr and
              result.stderr.count("\n") == 1, result.stderr)


def main():
    run = Run(SEAMLESS, "--guest", TEST, "--smp", "2")
    client = Client(run.port)
    for part in [frames, description, threads, registers, memory, points, running]:
        part(client)
        print("done", part.__name__)
    run.process.terminate()
    check("a signal under gdb's eyes", run.end() == 1, run.said)
    client.close()
    check("torn down", "pages proved free" in run.said, run.said)
    for part in [terminations, steps, turns]:
        part()
        print("done", part.__name__)
    run = Run(SEAMLESS, "--guest", LOOP)
    interrupts(run.port).close()
    print("done interrupts")
    garbage(run.port)
    print("done garbage")
    client = dies(run.port)
    client.send_raw(framed(b"k"))
    equal("killed", run.end(), 1)
    check("it says so", "stopped by gdb" in run.said and "pages proved free" in run.said, run.said)
    usage()
    return 1 if failures else 0


sys.exit(main())
