"""Cameras on GStreamer's RTSP server that send a recording again and again: loop_cameras.py ADDRESS PORT COUNT VIDEO AUDIO

VIDEO is H264 with access unit delimiters, 25 frames a second; AUDIO is AAC (ADTS), 48 kHz stereo. They cost little: nothing
is encoded. The cameras are /0, /1, …; they have been sending for ever, each at a place of its own in the recording.

Each frame has an SEI (ITU-T H.264, D.1.7) with its number and the time at which it was handed to the RTSP server:
nanoseconds of the clock that all processes of a machine share.

Prints `port PORT`, then `PLAY PATH NANOSECONDS` or `TEARDOWN PATH NANOSECONDS` for each of these requests. PORT 0 is any port.
"""

import collections
import heapq
import socket
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstApp, GstRtspServer  # noqa: E402

SECOND = 1_000_000_000
# No two cameras send at the same time, nor have their key frames together.
APART_NS = 97_300_000
AUD, SPS, PPS = 9, 7, 8
# 16 bytes that nobody else uses.
SEI_NAME = b"sluice-loop-time"


def units_of(stream):
    """The NAL units of a byte stream (ITU-T H.264, annex B)."""
    return [unit.rstrip(b"\0") for unit in stream.split(b"\0\0\1")[1:]]


def avc(unit):
    return len(unit).to_bytes(4, "big") + unit


Recording = collections.namedtuple("Recording", "frames every_ns is_stamped caps")


def read_video(path):
    """The frames, each as length-prefixed units."""
    with open(path, "rb") as file:
        units = units_of(file.read())
    sps = next(unit for unit in units if unit[0] & 31 == SPS)
    pps = next(unit for unit in units if unit[0] & 31 == PPS)
    # An AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.2.4.1).
    record = b"\1" + sps[1:4] + b"\xff\xe1" + len(sps).to_bytes(2, "big") + sps + b"\1" + len(pps).to_bytes(2, "big") + pps
    frames = []
    for unit in units:
        if unit[0] & 31 == AUD:
            frames.append(b"")
        else:
            frames[-1] += avc(unit)
    caps = f"video/x-h264,stream-format=avc,alignment=au,framerate=25/1,codec_data=(buffer){record.hex()}"
    return Recording(frames, SECOND // 25, True, caps)


def read_sound(path):
    """The frames of an ADTS stream without its headers (ISO/IEC 14496-3, 1.A.2)."""
    with open(path, "rb") as file:
        stream = file.read()
    frames, at = [], 0
    while at < len(stream):
        size = int.from_bytes(stream[at + 3 : at + 6], "big") >> 5 & 0x1FFF
        frames.append(stream[at + 7 : at + size])
        at += size
    # 1190 is AAC-LC, 48 kHz, stereo.
    caps = "audio/mpeg,mpegversion=4,stream-format=raw,rate=48000,channels=2,codec_data=(buffer)1190"
    return Recording(frames, SECOND * 1024 // 48_000, False, caps)


class Feed:
    """A track of a camera that is being watched."""

    def __init__(self, source, recording, shift_ns, began_ns):
        self.source, self.frames, self.every_ns, self.is_stamped = source, recording.frames, recording.every_ns, recording.is_stamped
        self.shift_ns, self.began_ns = shift_ns, began_ns
        self.number = (began_ns + shift_ns) // self.every_ns + 1

    def due_ns(self):
        return self.number * self.every_ns - self.shift_ns

    def send(self):
        """False when nobody watches any more."""
        buffer = Gst.Buffer.new_wrapped(self.stamp() + self.frames[self.number % len(self.frames)])
        buffer.pts = buffer.dts = self.due_ns() - self.began_ns
        self.number += 1
        return self.source.push_buffer(buffer) == Gst.FlowReturn.OK

    def stamp(self):
        """Decimal digits need no emulation prevention."""
        if not self.is_stamped:
            return b""
        said = SEI_NAME + b"%010d%020d" % (self.number % 10**10, time.monotonic_ns())
        return avc(b"\x06\x05" + bytes([len(said)]) + said + b"\x80")


feeds = []
wake = threading.Condition()


def feed_all():
    while True:
        with wake:
            while not feeds:
                wake.wait()
            due, _, feed = feeds[0]
            left = due - time.monotonic_ns()
            if left > 0:
                wake.wait(left / SECOND)
                continue
            heapq.heappop(feeds)
        if feed.send():
            add(feed)


def add(feed):
    with wake:
        heapq.heappush(feeds, (feed.due_ns(), id(feed), feed))
        wake.notify()


def say(*words):
    # One write, since several threads print.
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def watch(_, client):
    # Packets leave at once, and not when those before have been acknowledged.
    client.get_connection().get_read_socket().set_option(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for method in ("play", "teardown"):
        client.connect(f"{method}-request", lambda _, context, word: say(word, context.uri.abspath, time.monotonic_ns()), method.upper())


def launch(name, caps, payloader):
    return f'appsrc name={name} is-live=true format=time max-buffers=100 leaky-type=downstream caps="{caps}" ! {payloader} '


def configure(_, media, shift_ns, video, sound):
    began_ns = time.monotonic_ns()
    for name, recording in (("video", video), ("sound", sound)):
        add(Feed(media.get_element().get_by_name(name), recording, shift_ns, began_ns))
    media.connect("prepared", hasten)


def hasten(media):
    """Nothing is held back until its time: it comes in time."""
    sinks = media.get_element().get_parent().iterate_sinks()
    sinks.foreach(lambda sink: sink.set_property("ts-offset", -SECOND))


def main(address, port, count, video_file, sound_file):
    video, sound = read_video(video_file), read_sound(sound_file)
    tracks = launch("video", video.caps, "rtph264pay name=pay0 pt=96") + launch("sound", sound.caps, "rtpmp4gpay name=pay1 pt=97")
    server = GstRtspServer.RTSPServer()
    server.set_address(address)
    server.set_service(port)
    for number in range(int(count)):
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {tracks} )")
        factory.connect("media-configure", configure, number * APART_NS, video, sound)
        server.get_mount_points().add_factory(f"/{number}", factory)
    server.connect("client-connected", watch)
    server.attach(None)
    threading.Thread(target=feed_all, daemon=True).start()
    say("port", server.get_bound_port())
    GLib.MainLoop().run()


Gst.init(None)
main(*sys.argv[1:])
