"""Mutation testing, `make mutants`: put one small fault into a rule and see whether a test fails.

- operators.py lists the kinds of faults; cosmic-ray makes them.
- finding.py makes all mutants of a file: its text with one fault in it.
- reach.py notes which test calls which function, so that a mutant is tried on these alone.
- forking.py puts a mutant into a fork of a process that has loaded everything: the quick way.
- plugin.py gives pytest that text in place of the file, in memory. The tree stays as it is, so
  several mutants run at once, each on a copy of the kept test database.
- running.py runs the tests of a mutant until one fails: in forks, then in a process of its own.
- tests.toml says which tests those are; survivors.toml lists the mutants that change nothing.
- __main__.py is the command: it chooses mutants, runs them and reports.
"""
