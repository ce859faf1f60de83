"""Speech recognition: sound to features, features to letters."""
