"""Asks for a page's typefaces before its style sheets have come.

A script does, and not a <link rel="preload"> in the page: where a page is a file
that was opened from its folder, Chromium refuses that link and says so on its
console. The style sheets' own addresses are taken there.
"""

import json

COURSE = "text", "heading", "text-italic"
KATEX = "KaTeX_Main-Regular", "KaTeX_Math-Italic"  # no formula does without
ASKS = """<script data-cfasync="false">
if (location.protocol !== "file:") for (const href of {faces}) {{
  document.head.append(Object.assign(document.createElement("link"),
    {{ rel: "preload", as: "font", type: "font/woff2", crossOrigin: "", href }}));
}}
</script>
"""
BEFORE = "<!-- Loaded before other Sphinx assets -->"  # the theme's style sheets


def ask_for_typefaces(page: str, name: str) -> str:
    """The page with a script that asks for its typefaces, before its style sheets.

    `name` is the page's path in the book, such as "folder/page.html".
    """
    up = "../" * name.count("/")
    faces = [f"{up}_static/fonts/{face}.woff2" for face in COURSE]
    if 'class="katex' in page:
        faces += [f"{up}vendor/katex/fonts/{face}.woff2" for face in KATEX]
    return page.replace(BEFORE, ASKS.format(faces=json.dumps(faces)) + BEFORE, 1)
