"""Stage 6: the same application, ready for production.

The application of stage 5, cut into files that a team would copy, with what
production asks: a start that fails early, limits, time-outs, clear errors.
The tasks still run in BackgroundTasks; `queue.py` is the seam at which
stages 7 to 11 put an engine. From here on FastAPI 0.164 or newer is needed,
for `max_body_size`.
"""
