"""What learning platforms exported: archives, whose each file is, where it goes."""
