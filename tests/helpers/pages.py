"""Sources and pages, made for a test of the book's build."""

PAGE = """<!doctype html><html lang="en" data-theme="{1}"><head>
<title>A figure</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="course.css"><script src="course.js"></script>
<style>body {{ background: var(--pst-color-background, #fff) }}</style>
</head><body><main class="bd-content"><article class="bd-article">{0}
</article></main></body></html>"""
HEAD = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3}
---

# A page

"""


def cells(*sources):
    return HEAD + "\n".join(
        f"```{{code-cell}} ipython3\n{source}\n```\n" for source in sources
    )


FOLDED = ":tags: [hide-input]\n"
