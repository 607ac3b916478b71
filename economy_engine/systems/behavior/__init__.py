"""What the agents of each kind do when their turn comes; one kernel per kind."""
