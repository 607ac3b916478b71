"""A whole arena in one process from one seed: time, database, broker and storage are simulated, the
writer, the batcher, the projector and the engine are the real ones. See `docs/reliability.md`."""
