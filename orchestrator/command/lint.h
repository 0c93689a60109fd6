/* `vtmh lint`: what is probably a mistake in a configuration. */
#pragma once

/* argv without the program's and the command's name. Returns the exit status. */
int command_lint(int argc, char **argv);
