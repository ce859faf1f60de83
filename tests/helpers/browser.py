"""What the tests in a browser share."""


def settle(page):
    """Wait until a page has its letters and has answered to its sizes."""
    page.evaluate("document.fonts.ready.then(() => true)")
    page.evaluate(
        """() => new Promise((done) => {
          requestAnimationFrame(() => requestAnimationFrame(done));
          setTimeout(done, 10_000); // a busy browser may draw none
        })"""
    )
