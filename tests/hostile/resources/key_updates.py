# SPDX-License-Identifier: Apache-2.0
"""A client of TLS 1.3 that can change its key, which Python's ssl cannot: OpenSSL's own calls, by ctypes."""
import ctypes
import ctypes.util
import socket

POINTER, INT = ctypes.c_void_p, ctypes.c_int
CALLS = {  # of libssl and libcrypto: SSL_key_update(3), BIO_s_mem(3)
    "TLS_client_method": (POINTER, []), "SSL_CTX_new": (POINTER, [POINTER]), "SSL_new": (POINTER, [POINTER]),
    "SSL_free": (None, [POINTER]), "SSL_set_bio": (None, [POINTER, POINTER, POINTER]),
    "SSL_set_connect_state": (None, [POINTER]), "SSL_do_handshake": (INT, [POINTER]),
    "SSL_key_update": (INT, [POINTER, INT]),
    "BIO_s_mem": (POINTER, []), "BIO_new": (POINTER, [POINTER]), "BIO_read": (INT, [POINTER, POINTER, INT]),
    "BIO_write": (INT, [POINTER, POINTER, INT]), "BIO_ctrl_pending": (ctypes.c_size_t, [POINTER]),
}


class OpenSSL:
    """Its calls; OSError if it is missing or too old."""

    def __init__(self):
        libraries = [ctypes.CDLL(ctypes.util.find_library(name) or f"lib{name}.so.3") for name in ("ssl", "crypto")]
        for name, (result, arguments) in CALLS.items():
            library = next((one for one in libraries if hasattr(one, name)), None)
            if library is None:
                raise OSError(f"OpenSSL has no {name}")
            call = getattr(library, name)
            call.restype, call.argtypes = result, arguments
            setattr(self, name, call)
        self.context = self.SSL_CTX_new(self.TLS_client_method())


class Client:
    def __init__(self, openssl, port):
        self.openssl = openssl
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.tls = openssl.SSL_new(openssl.context)
        self.input, self.output = (openssl.BIO_new(openssl.BIO_s_mem()) for _ in range(2))
        openssl.SSL_set_bio(self.tls, self.input, self.output)
        openssl.SSL_set_connect_state(self.tls)
        while not self.shake_hands():
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("authd closed the connection within the handshake")
            openssl.BIO_write(self.input, data, len(data))

    def shake_hands(self):
        done = self.openssl.SSL_do_handshake(self.tls) == 1
        self.socket.sendall(self.written())
        return done

    def written(self):
        """The records that are to be sent."""
        size = self.openssl.BIO_ctrl_pending(self.output)
        buffer = ctypes.create_string_buffer(size + 1)
        size = self.openssl.BIO_read(self.output, buffer, size) if size else 0
        return buffer.raw[:size]

    def key_updates(self, count):
        """The records of so many KeyUpdates that want none in return."""
        for _ in range(count):
            self.openssl.SSL_key_update(self.tls, 0)
            self.openssl.SSL_do_handshake(self.tls)
        return self.written()

    def close(self):
        self.socket.close()
        self.openssl.SSL_free(self.tls)
