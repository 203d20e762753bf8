"""What people really ask: one small application for each question."""
