"""The reader's own package: make lab OWN=1.

A folder `my_rnn/` takes the functions that the chapters print, as the
reader writes them; the course's stand in for what is not written yet.
"""
