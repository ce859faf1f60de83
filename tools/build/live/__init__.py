"""What live figures are made with: their data, networks, stills and sizes."""
