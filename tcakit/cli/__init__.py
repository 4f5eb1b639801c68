"""One file per verb: parse, call one job, print."""
