"""What is raised where there is no such file."""


class Music21Exception(Exception):
    """As in music21."""
