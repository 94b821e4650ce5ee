"""What goes over the wire to one port of one address: prints, as JSON, for each connection that begins meanwhile its
client and the first 4 KiB of both directions, in hex. Ends as soon as the server has spoken on two connections of each of
these clients, at the latest after so many seconds. Node has no packet sockets.
    capture.py <server address> <port> <seconds> <client address> ...
"""

import json
import socket
import sys
import time

server, seconds, clients = (sys.argv[1], int(sys.argv[2])), float(sys.argv[3]), sys.argv[4:]
ETH_P_ALL = 3
LIMIT = 4096

SYN = 2

sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
sock.settimeout(0.1)
connections = {}
segments = set()
end = time.monotonic() + seconds


def is_complete():
    heard = [each["client"] for each in connections.values() if each["fromServer"]]
    return all(heard.count(client) > 1 for client in clients)


while time.monotonic() < end and not is_complete():
    try:
        packet, address = sock.recvfrom(65535)
    except TimeoutError:
        continue
    if address[1] != 0x0800 or packet[9] != socket.IPPROTO_TCP:
        continue
    tcp = packet[(packet[0] & 0x0F) * 4 : int.from_bytes(packet[2:4], "big")]
    source = (socket.inet_ntoa(packet[12:16]), int.from_bytes(tcp[0:2], "big"))
    destination = (socket.inet_ntoa(packet[16:20]), int.from_bytes(tcp[2:4], "big"))
    if server == destination and tcp[13] & SYN:
        connections.setdefault(source, {"client": source[0], "toServer": b"", "fromServer": b""})
    client, way = (destination, "fromServer") if source == server else (source, "toServer")
    payload = tcp[(tcp[12] >> 4) * 4 :]
    # Every packet passes several interfaces.
    segment = (source, destination, tcp[4:8])
    if server not in (source, destination) or client not in connections or not payload or segment in segments:
        continue
    segments.add(segment)
    connection = connections[client]
    connection[way] = (connection[way] + payload)[:LIMIT]
texts = [{key: text if key == "client" else text.hex() for key, text in each.items()} for each in connections.values()]
print(json.dumps(texts))
