"""Systems: logic that runs over the columns of a world in each step."""
