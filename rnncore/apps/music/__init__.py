"""Music in voices from a folder of scores."""
