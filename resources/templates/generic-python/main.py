"""Runs the script that was given with the job, with the helper `meridian_job` at hand."""

import sys

import meridian_job as job

options = job.parameters()
sys.argv = ["script.py", *options.get("arguments", "").split()]
code = compile(options["script"], "script.py", "exec")
exec(code, {"__name__": "__main__", "job": job})
