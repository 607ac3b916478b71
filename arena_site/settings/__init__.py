"""Settings: `embedded` for one machine, `production` for containers, `test` for the suite."""
