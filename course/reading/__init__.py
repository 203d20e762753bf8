"""The course to read: slides and a site, from the notebooks as they stand."""
