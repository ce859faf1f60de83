"""What comes from other systems and goes back: learning platforms, GitHub, a hub."""
