"""Applications, from the command line and from Python.

They import the course's package, which never imports them.
"""

ABOUT = {  # shown by --help, which imports none of them
    "text": "a language model of text files: train it, write with it",
    "forecast": "forecasts of the columns of a table, and how good they are",
    "music": "music in voices from a folder of scores: learn it, write more",
    "translate": "a translator from pairs of sentences, a tab between",
    "speech": "what is said in a recording, learned from recordings of one's own",
    "video": "what happens in a film: classes or captions of one's own",
    "data": "public data sets by name: fetch, check, list",
    "memory-ruler": "how long a cell of your own remembers, and what it costs",
    "diagnose": "what is wrong in a training script of torch's, or a notebook",
}
