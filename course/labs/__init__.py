"""Experiments on the stages and on FastAPI's versions."""
