"""How a class hands in: archives of learning platforms, one folder per learner."""
