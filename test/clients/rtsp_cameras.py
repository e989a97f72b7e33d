"""Cameras on GStreamer's RTSP server: rtsp_cameras.py [ADDRESS]

They listen on loopback, or at the address.

Three servers have the same cameras. One asks for no password, two ask for that of `USER`, by Basic and by Digest.

Prints `port open|basic|digest PORT`, then a line `PLAY PATH` or `TEARDOWN PATH` for each of these requests.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

USER, PASSWORD = "cam", "p@ss:w/ö %41"

PICTURE = "videotestsrc is-live=true {} ! video/x-raw,width=320,height=180,framerate=25/1 ! "
# Without look-ahead, x264 divides each picture into a slice per thread, as cameras do.
ENCODED = "x264enc tune=zerolatency threads=2 speed-preset=ultrafast key-int-max=25 {} ! rtph264pay name=pay0 "
H264 = PICTURE.format("") + ENCODED.format("")
SOUND = "audiotestsrc is-live=true wave={} ! audio/x-raw,rate={},channels={} ! "
AAC = SOUND + "voaacenc ! rtpmp4gpay name=pay1"
PCMU = SOUND + "mulawenc ! rtppcmupay name=pay1"
FLIPS = PICTURE.format("pattern=ball flip=true") + ENCODED.format("")
TICKS = PCMU.format("ticks samplesperbuffer=320 {}", 8000, 1)
CAMERAS = {
    "aac": H264 + AAC.format("sine", 48000, 2),
    "aac16": H264 + AAC.format("sine", 16000, 1),
    "pcma": H264 + SOUND.format("sine", 8000, 1) + "alawenc ! rtppcmapay name=pay1",
    **{name: H264 + PCMU.format("sine", 8000, 1) for name in ("pcmu", "mute", "late")},
    "opus": H264 + SOUND.format("sine", 48000, 2) + "opusenc ! rtpopuspay name=pay1",
    "h265": PICTURE.format("") + "x265enc speed-preset=ultrafast ! rtph265pay name=pay0 " + PCMU.format("sine", 8000, 1),
    "sound": PCMU.format("sine", 8000, 1).replace("pay1", "pay0"),
    # The picture inverts its colours every two seconds. A tick is heard each second, 128 ms before a whole one.
    "ticks": FLIPS + PCMU.format("ticks", 8000, 1),
    # The same with packets of 40 ms, as cameras send them, so that a tick comes with the picture.
    "together": FLIPS + TICKS.format(""),
    "together-brief": FLIPS.replace("flip=true", "flip=true num-buffers=300") + TICKS.format("num-buffers=300"),
    "late-sound": H264 + PCMU.format("sine samplesperbuffer=80", 8000, 1),
    "short": PICTURE.format("num-buffers=50") + ENCODED.format(""),
    # About 2 MB per second.
    "heavy": PICTURE.format("pattern=snow") + ENCODED.format("pass=quant quantizer=1"),
    # 2 Mbit/s: a frame has many packets.
    "large": PICTURE.format("pattern=snow") + ENCODED.format("bitrate=2000 vbv-buf-capacity=200"),
    **{name: H264 for name in ("silent", "stalls", "frozen", "moved", "named", "killed", "stopped", "confined", "applied")},
}

# Packets of 10 ms, more than the time from DESCRIBE to PLAY has.
LATE_PACKETS = 200


def say(*words):
    # One write, since several threads print.
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def camera(name, launch):
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {launch} )")
    permissions = GstRtspServer.RTSPPermissions.new()
    for allowed in ("access", "construct"):
        permissions.add_permission_for_role("user", f"media.factory.{allowed}", True)
    factory.set_permissions(permissions)
    if name == "late-sound":
        factory.connect("media-configure", delay_sound)
    return factory


def delay_sound(_, media):
    """The server needs a first packet of each stream. It is too short for a packet of Opus."""
    sent = 0

    def pass_on(_pad, _info):
        nonlocal sent
        sent += 1
        return Gst.PadProbeReturn.DROP if 1 < sent <= LATE_PACKETS else Gst.PadProbeReturn.OK

    payloader = media.get_element().get_by_name("pay1")
    payloader.get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, pass_on)


def guard(method):
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    if method is None:
        auth.set_default_token(token)
    elif method == "basic":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(USER, PASSWORD), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(USER, PASSWORD, token)
    return auth


def watch(_, client):
    client.connect("play-request", lambda _, context: say("PLAY", context.uri.abspath))
    client.connect("teardown-request", lambda _, context: say("TEARDOWN", context.uri.abspath))


def serve(server_name, method):
    server = GstRtspServer.RTSPServer()
    server.set_address(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1")
    server.set_service("0")
    server.set_auth(guard(method))
    for name, launch in CAMERAS.items():
        server.get_mount_points().add_factory(f"/{name}", camera(name, launch))
    server.connect("client-connected", watch)
    server.attach(None)
    say("port", server_name, server.get_bound_port())
    return server


Gst.init(None)
servers = [serve("open", None), serve("basic", "basic"), serve("digest", "digest")]
GLib.MainLoop().run()
