#!/usr/bin/env python3
"""vtmh-node-libvirt with many calls at once, under whatever sanitizers it was built with.

Without Criterion, which does not live with ThreadSanitizer. With libvirt's own driver for tests, and with a libvirtd
whose domain starts, tells events and ends meanwhile. Calls overlap with connecting anew and with the end of the
program. It has to end by itself, and to have nothing to say.
"""
import json
import os
import socket
import subprocess
import sys

PROGRAM = os.path.join(os.environ["VTMH_BUILD"], "vtmh-node-libvirt")
FIXTURE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "libvirtd")
# What libvirt and GLib do among themselves no sanitizer has been told of.
THREADS_OF_OURS = {"TSAN_OPTIONS": f"ignore_noninstrumented_modules=1:{os.environ.get('TSAN_OPTIONS', '')}"}
SECONDS = 60
ROUNDS = 20
WIRE_FD = 3
DOMAIN = """<domain type='qemu'><name>vm</name><memory>32768</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>"""


class Program:
    """The program, and how its node speaks to it."""

    def __init__(self):
        ours, its = socket.socketpair()
        ours.settimeout(SECONDS)
        command = f'exec "$1" {WIRE_FD}<&{its.fileno()}'
        self.process = subprocess.Popen(
            ["bash", "-c", command, "-", PROGRAM],
            pass_fds=[its.fileno()],
            env={**os.environ, **THREADS_OF_OURS},
            stderr=subprocess.PIPE,
            text=True,
        )
        its.close()
        self.socket = ours
        self.wire = ours.makefile("rw", encoding="utf-8")
        self.answers = {}
        self.events = []
        self.last_id = 0
        assert "QMP" in self.read()

    def read(self):
        line = self.wire.readline()
        assert line, f"it has ended: {self.process.stderr.read()}"
        return json.loads(line)

    def begin(self, command, **arguments):
        self.last_id += 1
        self.wire.write(json.dumps({"execute": command, "arguments": arguments, "id": self.last_id}) + "\n")
        self.wire.flush()
        return self.last_id

    def wait(self, number):
        while number not in self.answers:
            message = self.read()
            if "event" in message:
                self.events.append(message)
            else:
                self.answers[message["id"]] = message
        return self.answers.pop(number)

    def call(self, command, **arguments):
        answer = self.wait(self.begin(command, **arguments))
        assert "return" in answer, f"{command}: {answer}"
        return answer["return"]

    def end(self, how):
        if how == "quit":
            assert "return" in self.wait(self.begin("quit"))
        self.socket.shutdown(socket.SHUT_RDWR)
        said = self.process.communicate(timeout=SECONDS)[1]
        assert self.process.returncode == 0 and not said, f"status {self.process.returncode}: {said}"


def many_at_once(program, name):
    commands = ["domain-find", "domain-xml", "domain-suspend", "domain-resume", "domain-job-stats"]
    calls = [program.begin(command, name=name) for _ in range(ROUNDS) for command in commands[: 1 + _ % 5]]
    for number in calls:
        program.wait(number)


def with_driver_for_tests():
    for how in "quit", "hang-up":
        program = Program()
        for _ in range(5):
            program.call("connect", uri="test:///default")
            calls = [program.begin("domain-list") for _ in range(10)]
            again = program.begin("connect", uri="test:///default")
            many_at_once(program, "test")
            for number in [*calls, again]:
                program.wait(number)
        assert any(event["event"] == "LIFECYCLE" for event in program.events)
        program.end(how)
    program = Program()
    program.call("connect", uri="test:///default")
    for _ in range(10):
        program.begin("domain-list")
    program.end("quit")  # with calls under way


def with_libvirtd():
    with subprocess.Popen([FIXTURE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as fixture:
        uri = fixture.stdout.readline().strip()
        if not uri:
            assert fixture.wait() == 77, "the libvirtd of the tests does not start"
            print("no libvirtd can be had here (above: why): only libvirt's driver for tests was used")
            return
        program = Program()
        program.call("connect", uri=uri)
        for _ in range(3):
            program.call("domain-create", xml=DOMAIN, paused=True)
            many_at_once(program, "vm")
            program.call("connect", uri=uri)
            program.call("domain-destroy", name="vm")
        program.call("domain-list")
        assert any(event["event"] == "QEMU" for event in program.events)
        program.end("quit")
        fixture.stdin.close()


with_driver_for_tests()
with_libvirtd()
