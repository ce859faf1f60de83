"""What the site makes of a page's outputs."""
