"""Any cell as fast as a library's own: write the equation, run the loop."""
