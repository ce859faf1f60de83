"""The course's commands of `python -m rnncore`."""

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
