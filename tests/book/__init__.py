"""The built pages: their parts, figures, widths, scripts."""
