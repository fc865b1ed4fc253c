"""One file for each thing a user does; pages and the command line call these and nothing below."""
