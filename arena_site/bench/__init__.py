"""Benchmarks behind `manage.py bench NAME`: figures beside a peer measured in the same run."""
