"""Methods compared on an application: sampling, vocabulary, infilling, frames."""
