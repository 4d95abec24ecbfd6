"""Tests of ``bgmode.flow``, and the oracle that compares it with Python itself."""
