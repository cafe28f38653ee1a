"""Benchmarks: each against a floor measured in the same run; `./run bench NAME`."""
