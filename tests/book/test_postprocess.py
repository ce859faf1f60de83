"""What is done to a page when Sphinx has written it."""

import base64
import io
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from sphinx.errors import ExtensionError

from tools.site import formulas, postprocess

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAYAAACddGYaAAAADklEQVR42mNk+M9QDwAD"
    "hgGAWjR9awAAAABJRU5ErkJggg=="
)
MATH = 'class="math notranslate nohighlight"'
PAGE = "<html><head></head><body>{}</body></html>"


def test_a_formula_becomes_html_and_mathml_without_a_script():
    page = PAGE.format(f"<span {MATH}>\\(x &lt; h_t\\)</span>")
    done = formulas.typeset(page, "a.html")
    assert "\\(" not in done
    assert re.search(r"<math .*<mo>&lt;</mo>", done)
    assert 'href="vendor/katex/katex.min.css"' in done


def test_a_stop_stays_on_the_line_of_the_last_part_of_its_formula():
    page = PAGE.format(
        f"<span {MATH}>\\(x\\)</span>, <span {MATH}>\\(y\\)</span> and "
        f"<span {MATH}>\\(a = b\\)</span>."
    )
    done = BeautifulSoup(formulas.typeset(page, "a.html"), "html.parser")
    whole, last = done.select(".with-stop")
    assert whole.select_one("mi").text == "x"
    assert whole.text.endswith(",")
    assert last.text == "b."  # the line may be broken at the equals sign
    assert [part.text for part in done.select(".katex-html")][2:] == [
        "a=",
        "b",
    ]
    assert done.select("math")[2].text.startswith("a=b")


def test_an_option_stays_in_one_piece():
    one, other = (
        '<span class="pre">--per-word</span>',
        '<span class="pre">a--b</span>',
    )
    done = postprocess.keep_options_whole(one + other)
    assert done == one.replace("pre", "pre option") + other


def test_an_equation_keeps_its_number_and_an_inner_bracket():
    tex = r"\[\begin{split}a &amp;= b \\[2pt] c &amp;= d\end{split}\]"
    number = '<span class="eqno">(3.1)<a href="#e">#</a></span>'
    page = PAGE.format(f'<div {MATH} id="e">\n{number}{tex}</div>')
    done = formulas.typeset(page, "folder/a.html")
    assert number in done
    assert "katex-display" in done
    assert "<mi>d</mi>" in done
    assert 'href="../vendor/katex/katex.min.css"' in done


def test_a_formula_that_cannot_be_read_is_named_with_its_page():
    page = PAGE.format(f"<span {MATH}>\\(\\nosuch{{x}}\\)</span>")
    with pytest.raises(ExtensionError, match=r"a\.html: .nosuch\{x\}"):
        formulas.typeset(page, "a.html")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<p>at 83.4 % of it</p>", "<p>at 83.4_% of it</p>"),
        ("<td>82.4 ± 4.2</td>", "<td>82.4_±_4.2</td>"),
        ("<td>35 × 20 × 200</td>", "<td>35_×_20_×_200</td>"),
        ("<p><b>7</b> %</p>", "<p><b>7</b>_%</p>"),  # from a computation
        ('<i>7 <b id="a > b">±</b> 1', '<i>7_<b id="a > b">±</b>_1'),
        ("<p>in %, ± a half, 7 %", "<p>in %, ± a half, 7_%"),
        ("<pre>7 %</pre><code><b>7</b> % 4</code>", None),
        ('<script>a = 7 % 4</script><img alt="7 % 4"/>', None),
    ],
)
def test_a_number_stays_with_its_unit_and_its_spread(written, shown):
    shown = (
        written
        if shown is None
        else shown.replace("_", "\N{NO-BREAK SPACE}")
    )
    assert postprocess.join_units(written) == shown


PHRASES = "phrases " * 9


@pytest.mark.parametrize(
    ("row", "marked"),
    [
        (["a", PHRASES, PHRASES, "b"], 1),
        (["a", PHRASES, PHRASES], 0),
        (["a", "phrases", "phrases", "phrases"], 0),
        (
            [
                "a",
                "some thirty letters in a phrase",
                "another phrase",
                PHRASES,
            ],
            1,
        ),
        (  # letters and shapes leave the phrases room
            [
                r"\(\hat h_t\)",
                "<code>x_h</code>",
                r"\((G \cdot H, D)\)",
                PHRASES,
            ],
            0,
        ),
    ],
)
def test_a_table_of_phrases_is_marked_for_narrow_screens(
    tmp_path, row, marked
):
    row = "".join(f"<td>{cell}</td>" for cell in row)
    table = f'<table class="table"><tbody><tr>{row}</tr></tbody></table>'
    done = postprocess.finish_page(PAGE.format(table), "a.html", tmp_path)
    assert done.count('class="table phrases"') == marked


def test_a_page_without_formulas_asks_for_no_fonts():
    assert formulas.typeset(PAGE.format("x"), "a.html") == PAGE.format("x")


def test_media_become_files_that_know_their_size_and_load_late(tmp_path):
    data = base64.b64encode(PNG).decode()
    page = f'<img alt="a" src="data:image/png;base64,{data}" hidden>'
    done = postprocess.move_media_to_files(page, "a.html", tmp_path)
    (file,) = (tmp_path / "_images").iterdir()
    assert file.read_bytes() == PNG
    assert f'<a class="enlarge" href="_images/{file.name}"><img ' in done
    for part in ('width="3"', 'height="2"', 'loading="lazy"', " hidden>"):
        assert part in done


def test_a_picture_that_is_a_link_stays_that_link(tmp_path):
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.svg").write_text(
        '<svg width="72pt" height="36pt"></svg>'
    )
    page = '<a href="x.html"><img alt="a > b" src="_images/a.svg" /></a>'
    done = postprocess.move_media_to_files(page, "a.html", tmp_path)
    assert done == (
        '<a href="x.html"><img loading="lazy" width="96" height="48" '
        'alt="a > b" src="_images/a.svg" /></a>'
    )


def test_a_drawing_keeps_tenths_of_its_paths_and_all_else():
    svg = (
        '<svg><metadata>x</metadata><path id="d0.12345" '
        'd="M 1.23456 7.1 L 20 .98765" transform="scale(0.015625)"/></svg>'
    )
    assert postprocess.shorten_drawing(svg) == (
        '<svg><path id="d0.12345" d="M 1.2 7.1 L 20 .9" '
        'transform="scale(0.015625)"/></svg>'
    )


def png_of(colours: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(colours.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_a_drawing_of_few_colours_gets_lighter_and_keeps_its_look():
    shades = np.arange(512, dtype=np.uint32).repeat(512).reshape(512, 512)
    rows = np.random.default_rng(0).permutation(shades)
    drawn = np.stack([rows // 2, rows // 4, 255 - rows // 2], -1)
    before = png_of(drawn)
    lighter = postprocess.reduce_colours(before)
    assert len(lighter) < len(before)
    after = np.asarray(Image.open(io.BytesIO(lighter)).convert("RGB"), int)
    assert abs(after - drawn).max() <= 8


def test_a_picture_of_many_colours_stays():
    noise = png_of(np.random.default_rng(0).integers(0, 256, (100, 100, 3)))
    assert postprocess.reduce_colours(noise) == noise


def test_a_picture_inside_a_drawing_gets_lighter_too():
    shades = np.random.default_rng(0).permutation(np.arange(10_000) // 50)
    picture = png_of(np.stack(3 * [shades.reshape(100, 100)], -1))
    svg = '<svg><image href="data:image/png;base64,{}"/></svg>'
    inside = base64.b64encode(picture).decode()
    lighter = base64.b64encode(postprocess.reduce_colours(picture)).decode()
    assert postprocess.shorten_drawing(svg.format(inside)) == svg.format(
        lighter
    )
    assert len(lighter) < len(inside)


def test_a_live_figure_knows_how_high_it_will_be(monkeypatch):
    monkeypatch.setattr(
        postprocess, "read_sizes", lambda: {"live-a": [[288, 700]]}
    )
    figures = '<live-ring id="live-a" still="t=1"></live-ring>'
    page = postprocess.LIVE.sub(
        postprocess.set_size, figures + '<live-ring id="new">'
    )
    known, new = re.findall(r"<live-ring[^>]*>", page)
    assert 'class="live" data-sizes="[[288, 700]]" still="t=1"' in known
    assert 'data-sizes="[]"' in new


def test_scripts_keep_their_order_behind_the_text():
    end = "<!-- Scripts loaded after <body> so the DOM is not blocked -->"
    head = '<script data-cfasync="false">t</script><script src="a.js">'
    page = (
        f"<head>{head}</script><script>b</script></head><body><p>text</p>"
        f"{end}</body>"
    )
    done = postprocess.move_scripts_last(page)
    order = ["data-cfasync", "</head>", "text", 'src="a.js"', ">b<", end]
    places = [done.index(part) for part in order]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        (".used{a:b}", ".used{a:b}"),
        (".gone{a:b}", ""),
        (".used,.gone .used{a:b}", ".used{a:b}"),
        ("p:not(.gone,.used){a:b}", "p:not(.gone,.used){a:b}"),
        ("@media print{.gone{a:b}p{c:d}}", "@media print{p{c:d}}"),
        (".made-by-script{a:b}", ".made-by-script{a:b}"),
        ("@font-face{src:url(x)}", "@font-face{src:url(x)}"),
        ("/* .used{ */p{a:b}", "p{a:b}"),
    ],
)
def test_a_rule_stays_if_a_page_or_a_script_has_its_class(rule, kept):
    assert postprocess.keep_used(rule, {"used"}, ("made-",)).strip() == kept


def test_a_licence_stays_in_its_style_sheet():
    done = postprocess.keep_used("/*! licence */.gone{a:b}", set(), ())
    assert "/*! licence */" in done


def test_names_and_roles_that_others_left_out_are_mended():
    page = (
        '<a class="r" href="#">1. One</a><details><summary>'
        '<span class="toctree-toggle"></span></summary></details>'
        '<summary aria-label="Toggle hidden content">Show</summary>'
        "<summary>see <a href='#'>(7)</a></summary>"
        '<tr><th class="head"><p></p></th><th><p>a</p></th></tr>'
    )
    done = postprocess.add_accessible_names(page)
    assert '<summary aria-label="Pages of 1. One"><span' in done
    assert "<summary>Show</summary>" in done
    assert "<summary>see (7)</summary>" in done
    assert "<tr><td></td><th><p>a</p></th></tr>" in done


def test_a_long_name_breaks_after_a_dot_or_an_underscore():
    long, short = (f'<span class="pre">{name}</span>'
                   for name in ("rnncore.rnn.x_y", "d_state"))  # fmt: skip
    done = postprocess.let_names_break(long + short)
    assert "rnncore.<wbr>rnn.<wbr>x_<wbr>y" in done
    assert short in done
