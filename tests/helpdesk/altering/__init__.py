"""An app of a test: its migrations alter a table of ours."""
