"""Ways compared beside an application: sampling, vocabulary, infilling, frames."""
