"""Language models: words, characters, trained, scored and written with."""
