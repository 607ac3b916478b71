"""Services that a checkout brings along: PostgreSQL, Valkey, and the supervisor of all processes.

`plan` lists the processes of a running game, `supervisor` runs such a list, `session` lends the
databases to one command. Nothing here is used where `DATABASE_URL` and `REDIS_URL` are given.
"""
