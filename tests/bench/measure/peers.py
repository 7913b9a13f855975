# SPDX-License-Identifier: Apache-2.0
"""nginx and the floor, which answer what authd answered once: the same status, fields and body."""
import os

from .stage import BUILD, WORKERS, binary, free_port, program

_shown = False


def nginx_configuration(port, folder, head, body):
    fields = [line.split(": ", 1) for line in head.split("\r\n")[1:]]
    own = {"date", "content-length", "content-type", "connection"}
    added = "\n".join(f'      add_header {name} "{value}";' for name, value in fields if name.lower() not in own)
    kind = next(value for name, value in fields if name.lower() == "content-type")
    return f"""worker_processes {WORKERS}; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 20000; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} reuseport backlog=1024;
    location / {{
      default_type {kind};
{added}
      return 200 '{body}';
    }}
  }}
}}
"""


def start_nginx(stage, head, body):
    global _shown
    port = free_port()
    text = nginx_configuration(port, stage.folder, head, body)
    with open(os.path.join(BUILD, "nginx.conf"), "w") as f:
        f.write(text)
    if not _shown:
        print(f"nginx's configuration (the last one stays in build/bench/nginx.conf):\n{text}")
        _shown = True
    path = stage.write("nginx.conf", text)
    return stage.start("nginx", [program("nginx"), "-c", path, "-p", stage.folder, "-e", stage.path("nginx.log")], port)


def start_floor(stage, head, body):
    port = free_port()
    path = stage.write("answer", f"{head}\r\n\r\n{body}")
    return stage.start("floor", [binary("bench-floor"), str(port), str(WORKERS), path], port)
