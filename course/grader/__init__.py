"""Grade exercises: ordinary pytest checks, each in a process of its own.

collect → isolate → judge → report, one module each. Only the process in
`worker` knows pytest; only its forks ever run what a learner wrote.
"""
