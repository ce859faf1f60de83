"""What a person decides or writes: corrections, teams, requests, rubric items."""
