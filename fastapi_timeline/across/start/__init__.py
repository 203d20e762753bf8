"""The folder that is put on PYTHONPATH."""
