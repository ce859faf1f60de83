"""Make what is put on the web or on paper: the browser's notebooks."""
