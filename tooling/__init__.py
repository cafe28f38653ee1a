"""What stands behind `./run`: standard library only, except for the modules that run inside `.venv`."""
