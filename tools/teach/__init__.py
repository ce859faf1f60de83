"""What a teacher takes into the room, made from the built book and solutions/."""
