"""The machinery of the course; no lesson imports it."""
