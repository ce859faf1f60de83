"""The package, folder by folder."""
