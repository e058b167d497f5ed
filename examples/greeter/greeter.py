"""Greet whoever connects: by a socket and with a text that the service manager passes."""

import os
import pathlib
import select
import signal
import socket


def notify(text):
    """Tell the service manager, as sd_notify(3) does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as s:
        s.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])


def listening():
    """The one socket that was passed, as sd_listen_fds(3) finds it."""
    if os.environ["LISTEN_PID"] != str(os.getpid()) or os.environ["LISTEN_FDS"] != "1":
        raise SystemExit("no socket was passed to this process")
    return socket.socket(fileno=3)


def main():
    greeting = (pathlib.Path(os.environ["CREDENTIALS_DIRECTORY"]) / "greeting").read_bytes()
    pulse = int(os.environ["WATCHDOG_USEC"]) / 2_000_000
    stop, stopping = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: os.write(stopping, b"x"))
    guests = 0
    with listening() as server:
        notify("READY=1\nSTATUS=Nobody was here yet.")
        while True:
            ready, _, _ = select.select([server, stop], [], [], pulse)
            if stop in ready:
                break
            if server in ready:
                guest, _ = server.accept()
                with guest:
                    guest.sendall(greeting)
                guests += 1
                notify(f"STATUS=Greeted {guests}.")
            notify("WATCHDOG=1")
    notify("STOPPING=1")


if __name__ == "__main__":
    main()
