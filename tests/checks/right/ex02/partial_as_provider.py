# Axis: the provider is a functools.partial.

from functools import partial


get_welcome_task = partial(lambda task: task, send_welcome)
