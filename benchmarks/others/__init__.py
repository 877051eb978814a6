"""What a user would reach for instead, on the same reports: ``python -m benchmarks.others``."""
