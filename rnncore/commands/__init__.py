"""The commands of `python -m rnncore`: the course's, and applications."""

COURSE = {  # each is a function that takes the words after its name
    "lab": ("rnncore.commands.lab:main", "JupyterLab with the assignments"),
    "check": (
        "rnncore.commands.check:main",
        "the visible tests of one notebook: check 6",
    ),
    "own": (
        "rnncore.own.command:main",
        "test your own package, train with it, and write its page",
    ),
    "answer": (
        "rnncore.commands.answer:main",
        "the course's answers, after your own: answer 6, answer 6 TASK",
    ),
    "book": (
        "rnncore.commands.book:main",
        "execute and build the course's book, or a page of it",
    ),
    "serve": (
        "rnncore.commands.book:serve",
        "build the book and serve it on this machine",
    ),
}

ABOUT = {  # shown by --help, which imports none of them
    "text": "a language model of any text: train it, write with it",
    "forecast": "forecasts of the columns of any CSV file, and how good "
    "they are",
    "music": "music in voices from a folder of scores: learn it, write "
    "more",
    "translate": "a translator from any file of pairs of sentences",
    "speech": "what is said in a recording, learned from recordings of "
    "one's own",
    "video": "what happens in a film: classes or captions of one's own",
    "data": "public data sets by name: fetch, check, list",
    "memory-ruler": "how long a cell of your own remembers, and what it "
    "costs",
    "diagnose": "what is wrong in a training script of torch's",
}
