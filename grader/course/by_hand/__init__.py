"""Tables that a person writes: corrections, teams, requests; how they are read."""
