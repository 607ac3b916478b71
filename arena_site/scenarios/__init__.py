"""Scripted events beside the same world without them: what each must do to the economy."""
