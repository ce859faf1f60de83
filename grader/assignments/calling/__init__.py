"""How a solution is run, and what each of its calls gives."""
