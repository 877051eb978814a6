"""The bodies of the commands, one module each; ``cli.py`` holds their arguments. Nothing here is for other programs."""
