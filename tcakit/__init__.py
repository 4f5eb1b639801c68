"""Prove and improve execution: files to store, replay, fills, transaction costs and reports."""

__version__ = "0.1.0"
