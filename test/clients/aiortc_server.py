"""A WHEP server on aiortc that listens on loopback: aiortc_server.py PORT

It checks the candidates of its clients itself (full ICE), and tells of an end by one close alert.

  POST /whep       opens a session          DELETE /whep/ID   ends it
  GET  /sessions   lists the sessions       POST /kick/ID     ends one
  POST /half       ends every second one and then answers with the list
  POST /nothing    answers 200 and ends none
  POST /reset      ends all

Prints `ready` when it listens.
"""

import asyncio
import json
import sys
import uuid

import aioice.ice
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

# The clients use loopback, which aioice leaves out.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]

# The time that ended clients have to notice it before /half answers, in seconds.
NOTICE = 0.3

sessions = {}


async def open_session(offer):
    connection = RTCPeerConnection()
    connection.addTrack(AudioStreamTrack())
    # The client begins DTLS, since aiortc as the beginner sometimes loses its first flight and stays silent.
    passive = offer.replace("a=setup:actpass", "a=setup:active")
    await connection.setRemoteDescription(RTCSessionDescription(sdp=passive, type="offer"))
    await connection.setLocalDescription(await connection.createAnswer())
    name = str(uuid.uuid4())
    sessions[name] = connection
    return 201, connection.localDescription.sdp, f"/whep/{name}"


async def end(names):
    ended = [sessions.pop(name) for name in names if name in sessions]
    await asyncio.gather(*(connection.close() for connection in ended))
    return 200 if ended else 404


async def answer(method, what, name, body):
    if what == "whep" and method == "POST":
        return await open_session(body)
    if what in ("whep", "kick"):
        return await end([name]), "", ""
    names = list(sessions)
    listed = json.dumps({"items": [{"id": name, "state": "read"} for name in names]})
    if what == "half":
        await end(names[::2])
        await asyncio.sleep(NOTICE)
    if what in ("half", "sessions"):
        return 200, listed, ""
    if what == "reset":
        await end(names)
    return (200 if what in ("nothing", "reset") else 404), "", ""


async def serve(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    _, what, name, *_ = f"{path}/".split("/")
    status, text, location = await answer(method, what, name, body.decode())
    fields = [f"content-length: {len(text.encode())}", "connection: close"]
    if location:
        fields += [f"location: {location}", "content-type: application/sdp"]
    writer.write("\r\n".join([f"HTTP/1.1 {status} -", *fields, "", text]).encode())
    await writer.drain()
    writer.close()


async def main(port):
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
