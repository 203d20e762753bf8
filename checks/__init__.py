"""The checks: ordinary pytest, to be read; never edited by learners."""
