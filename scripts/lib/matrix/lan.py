"""The LAN of scripts/matrix, and what runs on it. Nothing outlives its case."""

import os
import shlex
import signal
import subprocess
import sys
import time

from streams import access_units

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
RELEASE = os.path.join(ROOT, "target", "release")
OUTPUT = os.path.join(ROOT, "target", "matrix")
UID, PASSWORD = "ABCDEFGHJKLMNPQRST12", "password"
# Nothing of a case takes so many seconds, on a busy machine either.
LIMIT = 400

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Stream:
    """A file that cameras send."""

    def __init__(self, name, width, height, fps, seconds, source, encoder):
        self.path = os.path.join(OUTPUT, name + ".h264")
        self.fps, self.seconds, count = fps, seconds, fps * seconds
        caps = f"video/x-raw,format=I420,width={width},height={height},framerate={fps}/1"
        self.pipeline = (
            f"{source.format(count=count, fps=fps)} ! {caps} ! x264enc name=enc speed-preset=ultrafast tune=zerolatency aud=true"
            f" key-int-max={fps * 2} {encoder} ! video/x-h264,stream-format=byte-stream ! filesink location={self.path}.part"
        )

    def make(self):
        if os.path.exists(self.path):
            return
        subprocess.run(["gst-launch-1.0", "-q", *shlex.split(self.pipeline)], check=True)
        os.rename(self.path + ".part", self.path)

    @property
    def units(self):
        return access_units(self.path)


def moving(name, width, height, fps, seconds, kbits):
    encoder = f"bitrate={kbits} option-string=nal-hrd=cbr"
    return Stream(name, width, height, fps, seconds, "videotestsrc num-buffers={count}", encoder)


# Noise that never changes makes large key frames, and some that does makes no two frames the same.
NOISE = (
    "videotestsrc pattern=snow num-buffers=1 ! video/x-raw,width=960,height=720"
    " ! imagefreeze num-buffers={count} ! video/x-raw,framerate={fps}/1 ! mix."
    " videotestsrc pattern=snow num-buffers={count} ! video/x-raw,width=160,height=96,framerate={fps}/1 ! mix."
    " compositor name=mix sink_1::xpos=0"
)
STREAMS = {"large": moving("large", 1920, 1080, 30, 30, 8000), "small": moving("small", 640, 360, 15, 60, 600)}
# For cases of which there are many.
SHORT = moving("short", 640, 360, 15, 20, 600)
# Key frames of 350 kB.
LARGE_KEYS = Stream("large-keys", 1920, 1080, 15, 20, NOISE, "pass=quant quantizer=36")


def make_streams():
    os.makedirs(OUTPUT, exist_ok=True)
    for stream in (*STREAMS.values(), SHORT, LARGE_KEYS):
        stream.make()


def build():
    packages = ["gst-plugin-tutk", "tutk-cli", "tutk-capi"]
    subprocess.run(["cargo", "build", "--release", *(f"--package={name}" for name in packages)], cwd=ROOT, check=True)


def wait_for(condition, seconds):
    """Whether the condition comes true in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


class Process:
    """A command in a process group of its own, whose output goes to a file."""

    def __init__(self, command, log, environment):
        self.log = log
        with open(log, "wb") as file:
            self.child = subprocess.Popen(
                ["timeout", "--foreground", "--kill-after=5", str(LIMIT), *command],
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "GST_PLUGIN_PATH": RELEASE, "GST_REGISTRY": os.path.join(OUTPUT, "registry.bin"),
                     "GST_DEBUG_NO_COLOR": "1", "TUTK_PASSWORD": PASSWORD, **environment},
            )  # fmt: skip

    @property
    def text(self):
        with open(self.log, errors="replace") as file:
            return file.read()

    def says(self, words, seconds=60, times=1):
        wait_for(lambda: self.text.count(words) >= times or self.child.poll() is not None, seconds)
        return self.text.count(words) >= times

    def end(self, seconds=LIMIT):
        """The status, once it ends by itself; None if it does not."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, number=signal.SIGINT, seconds=15):
        """Sends a signal, which `timeout` hands on, and kills what it does not end. Returns the status."""
        try:
            if number != signal.SIGKILL:
                self.child.send_signal(number)
                self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
        return self.child.wait()


class Lan:
    """Two hosts for the length of a case."""

    def __init__(self, name):
        self.folder = os.path.join(OUTPUT, name.replace("/", "-"))
        self.script = shlex.split(os.environ["TUTK_LAN_SCRIPT"])
        self.environment = {**os.environ, "TUTK_LAN": os.environ.get("TUTK_LAN", f"m{os.getpid()}")}
        self.processes = []

    def __enter__(self):
        subprocess.run(["rm", "-rf", self.folder], check=True)
        os.makedirs(self.folder)
        self.call("up")
        # Our camera hands many datagrams to the kernel at once; here they are to be lost one by one.
        self.call("camera", "ip", "link", "set", "eth0", "gso_max_segs", "1")
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process.child.poll() is None:
                process.stop(signal.SIGTERM, 5)
        self.call("down")

    def call(self, *words):
        subprocess.run([*self.script, *words], check=True, env=self.environment)

    def loss(self, percent):
        self.call("loss", str(percent))

    def file(self, name):
        return os.path.join(self.folder, name)

    def start(self, host, command, name=None, **environment):
        log = self.file(f"{name or host}.log")
        environment["TUTK_LAN"] = self.environment["TUTK_LAN"]
        process = Process([*self.script, host, *command], log, environment)
        self.processes.append(process)
        return process

    def peer(self, variable, host, version, words, name):
        command = []
        for word in shlex.split(os.environ[variable]):
            word = word.replace("{version}", version).replace("{uid}", UID)
            command += words if word in ("{settings}", "{steps}") else [word]
        return self.start(host, command, name)

    def peer_camera(self, version, *settings, name=None):
        return self.peer("TUTK_PEER_CAMERA", "camera", version, settings, name)

    def peer_viewer(self, version, *steps, name=None):
        return self.peer("TUTK_PEER_VIEWER", "viewer", version, steps, name)

    def tool(self, host, name, *arguments, log=None):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
        return self.start(host, ["/usr/bin/python3", program, *map(str, arguments)], log)

    def camera(self, stream, *options):
        """Our camera, once it is there."""
        camera = self.tool("camera", "camera.py", UID, stream.path, stream.fps, *options)
        if not camera.says("ready"):
            raise RuntimeError(f"no camera; see {camera.log}")
        return camera

    def tutk(self, out, name=None, **environment):
        """Our viewer `tutk stream`."""
        command = [os.path.join(RELEASE, "tutk"), "stream", "-v", "--wait", "-t", "20000", "-d", UID, "-f", out]
        return self.start("viewer", command, name, **environment)

    def tutksrc(self, out, name=None, controls=()):
        """Our viewer `tutksrc`."""
        sink = f"filesink buffer-mode=unbuffered location={out}"
        return self.tool("viewer", "viewer.py", UID, sink, *controls, log=name)
