"""The engine in cfg/ as a process that expands one file after the other (cfg_batch.c)."""

import subprocess


class Engine:
    """Answers with (lines, None) or (None, message). A process that dies is an answer too."""

    def __init__(self, program):
        self.program = program
        self.process = None

    def expand(self, path, code=(), letters="", names=""):
        if self.process is None:
            self.process = subprocess.Popen(
                [self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        request = "\0".join([letters, names, path, *filter(None, code), "", ""])
        try:
            self.process.stdin.write(request.encode())
            self.process.stdin.flush()
            head = self.process.stdout.readline()
        except BrokenPipeError:
            head = b""
        if not head:
            status = self.process.wait()
            self.close()
            return None, f"the engine died with status {status}"
        word, size = head.split()
        text = self.process.stdout.read(int(size)).decode()
        return (text.split("\n")[:-1], None) if word == b"ok" else (None, text)

    def close(self):
        if self.process:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass  # a request was still to be flushed to a process that has died
            self.process.stdout.close()
            self.process.wait()
        self.process = None
