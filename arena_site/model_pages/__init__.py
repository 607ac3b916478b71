"""The pictures of `docs/models`: one world is watched, and each page gets what it is about."""
