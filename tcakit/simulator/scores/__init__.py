"""How like a real day a made one is: scores of any two recorded days against each other."""
