"""Two tables of statsmodels, for the pages that read them."""
