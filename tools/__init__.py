"""What is built, checked and measured; each module is a command."""
