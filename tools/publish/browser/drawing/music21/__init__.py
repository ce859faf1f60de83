"""The hundred reels of music21's corpus that chapter 1 reads."""
