"""Stage 7: workers of their own, with Celery."""
