"""What tcakit was measured against: `python -m benchmarks`."""
