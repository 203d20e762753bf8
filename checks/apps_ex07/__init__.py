"""The applications that the tests of exercise 7 are run on.

Three are right, each built in another way; eight are broken, each in the one
way that its first line names. None is imported: see checks/app_under_test.py.
"""
