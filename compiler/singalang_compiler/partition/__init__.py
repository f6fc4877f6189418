"""How the layers of a net are cut among the workers of a group, and what has to move between them."""
