"""Runs arms over suites into a folder of records; a stopped run can be resumed."""
