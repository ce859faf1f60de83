"""What each command takes: argparse alone, so that --help is quick."""
