"""Experiments on the stages: the one part of the machinery that names any."""
