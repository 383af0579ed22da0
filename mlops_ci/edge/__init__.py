"""The edges of the program to the machine: processes, files, the clock, the environment."""
