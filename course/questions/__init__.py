"""What people really ask: find a question, run it, show what happens."""
