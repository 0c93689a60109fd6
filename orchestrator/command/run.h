/* `vtmh run`, the default command: tests on hosts. */
#pragma once

/* argv without the program's and the command's name. Returns the exit status. */
int command_run(int argc, char **argv);
