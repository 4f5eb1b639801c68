"""Environments to learn execution in: an order to be worked in a recorded or simulated market, step by step."""
