"""Data that ships with the engine, read through importlib.resources; no code lives here."""
