"""What is done to the pages when Sphinx has written them.

Light: formulas are typeset, pictures and sounds are files that load when they
come near, scripts stand last, live figures need no server, style sheets and the
icons' font hold what some page uses. For everybody: what the theme, MyST-NB and
docutils leave without a name or give a wrong role is corrected;
tools/site/UPSTREAM.md says what and why.
"""

import base64
import functools
import hashlib
import html
import io
import json
import mimetypes
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from fontTools import subset, ttLib
from PIL import Image

from tools.site.folded.folded_code import fold_docstrings, say_what_is_folded
from tools.site.formulas import typeset
from tools.site.live import write_code
from tools.site.outputs import dark, narrow
from tools.site.outputs.ascii_tables import convert_tables
from tools.site.outputs.sizes import size_of
from tools.site.typefaces import ask_for_typefaces

THEBE = re.compile(
    r"<script>const THEBE_JS_URL[^<]*</script>"
    r'|<script[^>]*src="[^"]*sphinx-thebe\.js[^"]*"[^>]*></script>'
    r'|<script type="text/x-thebe-config">.*?</script>'
    r"|<link[^>]*sphinx-thebe\.css[^>]*>",
    re.DOTALL,
)
ICONS_JS = re.compile(r"<script[^>]*fontawesome\.js[^>]*></script>")
SEARCH_JS = re.compile(
    r'<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*">'
    r"</script>"
)
SCRIPT = re.compile(r"<script(?! data-cfasync)[^>]*>.*?</script>", re.DOTALL)
DATA = re.compile(r'(?<= src=")data:(\w+)/([\w.+-]+);base64,([^"]+)')
ATTRIBUTES = r'(?:"[^"]*"|[^>"])*'
PICTURE = re.compile(rf"(<a\b{ATTRIBUTES}>\s*)?<img\b{ATTRIBUTES}>")
SOURCE = re.compile(r' src="([^"]+)"')
INSIDE = re.compile(r'(?<=data:image/png;base64,)[^"]+')  # of a drawing
LIVE = re.compile(r'<(live-[a-z-]+) id="([a-z0-9-]+)"')
CAPTIONED = re.compile(
    r'(<figure class="align-(?:default|center))(?="(?:(?!</figure>).)*<figcaption)',
    re.DOTALL,
)
ENTRY = re.compile(r'<a class="((?:current )?reference internal)" href="(#|[\w.]+)">')
SIGN = '<a class="{} has-live" title="Has a live figure" href="{}">'
SIZES = Path(__file__).parents[2] / "book/_static/live/sizes.json"
OPTION = re.compile(r'<span class="pre">(--?[a-z][\w-]{0,24})</span>')
NAME = re.compile(r'(?<=<span class="pre">)[\w.]{8,}(?=</span>)')
TABLE = re.compile(r'<table class="table">.*?</table>', re.DOTALL)
CELL = re.compile(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", re.DOTALL)
UNSEEN = re.compile(r"<[^>]*>|\\(?:[a-zA-Z]+|.)|[{}_^]")  # tags, TeX's commands
AS_WRITTEN = (
    rf"<(?P<kind>pre|code|script|style|math|textarea)\b.*?</(?P=kind)>|<{ATTRIBUTES}>"
)
PARTED = re.compile(
    rf"(?<=\d)(?:</\w+>)* (?=(?:<\w{ATTRIBUTES}>)*[%±×])"
    rf"|(?<=[±×])(?:</\w+>)* (?=(?:<\w{ATTRIBUTES}>)*\d)"
    rf"|(?P<kept>{AS_WRITTEN})",
    re.DOTALL,
)
MEDIA = "_images"  # where Sphinx puts pictures
HEAVY = 50_000  # bytes of a picture
DRAWN = 4096  # colours; a photograph has more


def finish(out: Path) -> None:
    """Finish all pages of a folder of HTML."""
    pages = {path: path.read_text("utf8") for path in sorted(out.rglob("*.html"))}
    live = {path.name for path, page in pages.items() if LIVE.search(page)}
    for path, page in pages.items():
        name = path.relative_to(out).as_posix()
        pages[path] = mark_live_pages(finish_page(page, name, out), name, live)
        path.write_text(pages[path], "utf8")
    for picture in (out / MEDIA).glob("*.svg"):
        drawn = dark.darken_drawing(shorten_drawing(picture.read_text("utf8")))
        picture.write_text(drawn, "utf8")
    for picture in (out / MEDIA).glob("*.png"):
        if picture.stat().st_size > HEAVY:
            picture.write_bytes(reduce_colours(picture.read_bytes()))
    write_code(out / "_static" / "live")
    keep_what_is_used(out, pages.values())


def finish_page(page: str, name: str, out: Path) -> str:
    """One page's HTML, finished; `out` gets the files that stood in it."""
    page = THEBE.sub("", ICONS_JS.sub("", page))
    if name != "search.html":
        page = SEARCH_JS.sub("", page)
    page = ask_for_typefaces(typeset(TABLE.sub(_with_phrases, page), name), name)
    page = move_media_to_files(page, name, out)
    page = LIVE.sub(set_size, page)
    page = fold_docstrings(say_what_is_folded(page))
    if name == "api.html":
        page = let_names_break(page)
    if 'class="bd-sidebar-secondary' in page:  # beside it there is a margin
        page = CAPTIONED.sub(r"\1 popout", page)
    else:  # said before the article: what stands after it comes too late
        page = page.replace('<div class="bd-content"', '<div class="bd-content wide"')
    return add_accessible_names(
        move_scripts_last(join_units(convert_tables(keep_options_whole(page))))
    )


def keep_options_whole(page: str) -> str:
    """The page, in which no line ends after the hyphens of `--option`."""
    return OPTION.sub(r'<span class="pre option">\1</span>', page)


def let_names_break(page: str) -> str:
    """The page, whose long names break after a dot or underscore, not in a word."""
    return NAME.sub(lambda m: re.sub(r"(?<=\w)([._])", r"\1<wbr>", m[0]), page)


def mark_live_pages(page: str, name: str, live: set[str]) -> str:
    """The page with a sign in its contents for each page with a live figure."""
    before, mark, after = page.partition('<nav class="bd-links')
    contents, end, rest = after.partition("</nav>")
    contents = ENTRY.sub(
        lambda m: (
            SIGN.format(m[1], m[2]) if (name if m[2] == "#" else m[2]) in live else m[0]
        ),
        contents,
    )
    return before + mark + contents + end + rest


def join_units(page: str) -> str:
    """The page with numbers that no line's end parts from their % or spread."""
    return PARTED.sub(
        lambda m: (
            m[0].replace(" ", "\N{NO-BREAK SPACE}") if m["kept"] is None else m[0]
        ),
        page,
    )


@functools.cache
def read_sizes() -> dict[str, list[list[int]]]:
    """Widths and heights of the live figures, by their ids."""
    return json.loads(SIZES.read_text("utf8"))


def set_size(figure: re.Match[str]) -> str:
    """A live figure that knows how high it will be, so that nothing moves."""
    known = read_sizes().get(figure[2], [])
    return f'{figure[0]} class="live" data-sizes="{json.dumps(known)}"'


def _with_phrases(table: re.Match[str]) -> str:
    """A table, marked if a narrow screen would make its phrases a word wide."""
    rows = [CELL.findall(row) for row in table[0].split("</tr>")]
    columns = [
        max(len(UNSEEN.sub("", cell)) for cell in column)
        for column in zip(*filter(None, rows), strict=True)
    ]
    *others, longest = sorted(columns)
    if len(columns) < 4 or longest <= 50 or sum(others) <= 40:
        return table[0]
    return table[0].replace('class="table', 'class="table phrases', 1)


def move_scripts_last(page: str) -> str:
    """The page with its scripts at the end, in their order: text comes first."""
    head, mark, body = page.partition("</head>")
    scripts = SCRIPT.findall(head)
    at = body.find("<!-- Scripts loaded after <body>")
    if at < 0:
        return page
    body = body[:at] + "\n".join(scripts) + "\n" + body[at:]
    return SCRIPT.sub("", head) + mark + body


# ----------------------------------------------------- pictures and sounds


def move_media_to_files(page: str, name: str, out: Path) -> str:
    """The page with its media in files, which load when they come near."""
    up = "../" * name.count("/")

    def file(match: re.Match[str]) -> str:
        content = base64.b64decode(match[3])
        suffix = mimetypes.guess_extension(f"{match[1]}/{match[2]}") or ""
        place = f"{MEDIA}/{hashlib.sha256(content).hexdigest()[:32]}{suffix}"
        (out / MEDIA).mkdir(exist_ok=True)
        (out / place).write_bytes(content)
        return up + place

    page = DATA.sub(file, page)
    page = page.replace(' preload="metadata"', ' preload="none"')
    page = re.sub(r"<video (?![^>]*preload)", '<video preload="none" ', page)
    folder = (out / name).parent
    return PICTURE.sub(lambda m: _load_lazily(m, folder), page)


def _load_lazily(match: re.Match[str], folder: Path) -> str:
    """A picture that knows its size, loads late, and leads to its file."""
    link, picture = match[1] or "", match[0].removeprefix(match[1] or "")
    source = SOURCE.search(picture)
    path = folder / html.unescape(source[1]) if source else folder
    if source is None or not path.is_file():
        return match[0]
    if " width=" not in picture and (size := size_of(path)):
        said = ' width="{:.0f}" height="{:.0f}"'.format(*size)
        picture = picture.replace("<img", f"<img{said}", 1)
    if " loading=" not in picture:
        picture = picture.replace("<img", '<img loading="lazy"', 1)
    drawn = path.suffix == ".svg" and MEDIA in source[1]
    if drawn and dark.has_dark_colours(path.read_text("utf8")):
        picture = picture.replace("<img", "<img data-themed", 1)
    picture = narrow.add_narrow_drawing(picture, path, narrow.figure_of(match))
    if link or MEDIA not in source[1]:
        return link + picture
    return f'<a class="enlarge" href="{source[1]}">{picture}</a>'


def shorten_drawing(svg: str) -> str:
    """A drawing without its metadata; its paths in tenths of a point."""
    svg = re.sub(r"\s*<metadata\b[^>]*>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(?<= d=")[^"]+', lambda m: re.sub(r"(\.\d)\d+", r"\1", m[0]), svg)
    return INSIDE.sub(
        lambda m: base64.b64encode(reduce_colours(base64.b64decode(m[0]))).decode(), svg
    )


def reduce_colours(png: bytes) -> bytes:
    """A drawing with the 256 colours nearest to its own; a photograph as it is."""
    with Image.open(io.BytesIO(png)) as picture:
        clear = picture.mode == "RGBA" and any(
            picture.getchannel("A").histogram()[:255]
        )
        if clear or picture.mode not in ("RGB", "RGBA"):
            return png
        drawn = picture.convert("RGB")
    if drawn.getcolors(DRAWN) is None:
        return png
    file = io.BytesIO()
    drawn.quantize(256, dither=Image.Dither.NONE).save(file, "PNG")
    return min(png, file.getvalue(), key=len)


# ---------------------------------------------------- style sheets and icons

WORD = re.compile(r"[A-Za-z_][\w-]*")
RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
PRIVATE = re.compile(r"\\(f[0-9a-f]{3})|([\ue000-\uf8ff])")


def keep_what_is_used(out: Path, pages: Iterable[str]) -> None:
    """Cut from style sheets, and from the icons' font, what no page uses."""
    said: set[str] = set()
    for script in out.rglob("*js"):
        if script.is_file() and script.name != "fontawesome.js":
            said |= set(WORD.findall(script.read_text("utf8")))
    begun = tuple(word for word in said if word.endswith("-") and len(word) > 3)
    words = said | {word for page in pages for word in WORD.findall(page)}
    glyphs: set[int] = set()
    for sheet in out.rglob("*.css"):
        css = keep_used(sheet.read_text("utf8"), words, begun)
        sheet.write_text(css, "utf8")
        for code, sign in PRIVATE.findall(css):
            glyphs.add(int(code, 16) if code else ord(sign))
    for font in out.rglob("fa-*.woff2"):
        font_of(font.with_suffix(".ttf"), glyphs).save(font.with_suffix(".woff"))
        font.unlink()
        font.with_suffix(".ttf").unlink()
    for script in out.rglob("fontawesome.js*"):
        script.unlink()


def keep_used(css: str, words: set[str], begun: tuple[str, ...]) -> str:
    """A style sheet without the rules whose classes are in no page or script.

    A class counts as used too if a script holds its beginning, up to a hyphen.
    """

    def is_used(selector: str) -> bool:
        outside = re.sub(r"\([^()]*\)|\[[^]]*\]", "", selector)
        names = re.findall(r"\.(-?[A-Za-z_][\w-]*)", outside)
        return all(name in words or name.startswith(begun) for name in names)

    def filter_rule(match: re.Match[str]) -> str:
        selectors = match[1]
        if "@" in selectors or "\\" in selectors:
            return match[0]
        parts = re.split(r",(?![^(]*\))", selectors)
        kept = ",".join(part for part in parts if is_used(part))
        return f"{kept}{{{match[2]}}}" if kept else ""

    licences = [c for c in COMMENT.findall(css) if c.startswith("/*!")]
    css = RULE.sub(filter_rule, COMMENT.sub("", css))
    css = re.sub(
        r'url\((\S*/fa-[\w-]+)\.woff2\) format\("woff2"\),url\(\S*?\.ttf\)'
        r' format\("truetype"\)',
        r'url(\1.woff) format("woff")',
        css,
    )
    return "\n".join([*licences, css])


def font_of(path: Path, glyphs: set[int]) -> ttLib.TTFont:
    """The font with these characters only, compressed."""
    options = subset.Options(flavor="woff", notdef_outline=True)
    font = subset.load_font(str(path), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=glyphs)
    cutter.subset(font)
    font.flavor = "woff"
    return font


# -------------------------------------------------------------- for everybody

CHEVRON = re.compile(
    r"(<a [^>]*>)(?P<name>[^<]*)(</a><details[^>]*><summary)"
    r'(?=><span class="toctree-toggle")'
)
SUMMARY = re.compile(r"<summary\b.*?</summary>", re.DOTALL)
HTML_FIXES: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    # what is shown is the name
    (r'(<summary) aria-label="Toggle hidden content"', r"\1"),
    (r'(<button class="btn search-button-field[^>]*?) aria-label="Search"', r"\1"),
    # an empty corner is no heading
    (r"<th(?: [^>]*)?>(?:<p>)?\s*(?:</p>)?</th>", "<td></td>"),
    # the landmark that holds title, search and contents
    (
        r'(<div id="pst-primary-sidebar")',
        r'\1 role="complementary" aria-label="Contents and search"',
    ),
    # entries of a list are its items
    (r'(<div class="citation"[^>]*) role="doc-biblioentry"', r'\1 role="listitem"'),
    # a theme that is settled late moves what it has rules for
    (
        r'(dataset\.theme = localStorage\.getItem\("theme"\) \|\| )"auto"',
        r'\1(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")',
    ),
]


def add_accessible_names(page: str) -> str:
    """The page with names and roles where others left them out."""
    page = CHEVRON.sub(
        lambda m: f'{m[1]}{m["name"]}{m[3]} aria-label="Pages of {m["name"]}"', page
    )
    page = SUMMARY.sub(lambda m: re.sub(r"</?a\b[^>]*>", "", m[0]), page)
    for pattern, by in HTML_FIXES:
        page = re.sub(pattern, by, page)
    return page
