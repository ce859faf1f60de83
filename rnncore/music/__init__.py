"""Music: chorales in four voices, as the book's chapter 12 builds them.

score       voices over frames, tokens, piano roll
files       MIDI, MusicXML and ABC, read and written
split       pieces apart, with all that is nearly equal on one side
frames      a frame's keys, each on its own: the frame model, baselines
voices      a frame's voices one after another: the joint model
chords      a frame's keys one after another, however many there are
markov      the same, counted: a chain with hardly a memory
generate    a score drawn from a model
infill      what is missing, drawn given the rest: a gap, lower voices
habits      compass, parallels, repetition: what an ear would notice
plan        how they are made and learn
training    the models trained, scored, stored and loaded
published   the file that published scores are about
sound       the score as samples
engrave     the score as a picture
quiz        a blind test for a page
"""
