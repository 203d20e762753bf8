"""The notebooks: found, made and compared."""
