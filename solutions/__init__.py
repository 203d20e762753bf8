"""One good answer to each exercise, under the same file name."""
