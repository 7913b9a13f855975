# SPDX-License-Identifier: Apache-2.0
"""A hook of mkdocs: links of docs/ to files of the repository work on the site, too.

A page may link to ../etc/authd.toml, which GitHub shows. The site has no such file, so a copy of it is added under
repository/, as text. A folder is not linked: it has nothing to show there.
"""
import os
import re

from mkdocs.exceptions import PluginError

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LINK = re.compile(r"\[([^\]]*)\]\(((?:\.\./)+[^)#\s]+)(#[^)]*)?\)")

copies = {}  # path within the repository: its name on the site


def on_page_markdown(markdown, page, **_):
    folder = os.path.join(ROOT, "docs", os.path.dirname(page.file.src_uri))

    def replace(link):
        text, target, fragment = link.groups()
        path = os.path.relpath(os.path.join(folder, target), ROOT)
        if path.startswith("..") or not os.path.exists(os.path.join(ROOT, path)):
            raise PluginError(f"{page.file.src_uri}: there is no {target} in the repository")
        if os.path.isdir(os.path.join(ROOT, path)):
            return text
        copies[path] = f"repository/{path}.txt"
        up = "../" * page.file.src_uri.count("/")
        # A whole tag: mkdocs would look for the target among the pages of docs/.
        return f'<a href="{up}{copies[path]}">{text.strip("`")}</a>'

    return LINK.sub(replace, markdown)


def on_post_build(config, **_):
    for path, name in copies.items():
        target = os.path.join(config["site_dir"], name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(os.path.join(ROOT, path), "rb") as source, open(target, "wb") as copy:
            copy.write(source.read())
